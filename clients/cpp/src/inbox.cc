#include "clients/cpp/src/inbox.h"

#include <utility>

#include <grpc/support/time.h>

#include "clients/cpp/src/readable_text.h"

namespace tasker::client {
namespace {

// The service cuts off more.
constexpr std::size_t kProgressMessageBytesMax = 256;

}  // namespace

void Inbox::PostFinished(Attempt* attempt, v1::StepResult result) {
  absl::MutexLock lock(&mutex_);
  finished_.push_back({attempt, std::move(result)});
  Wake();
}

void Inbox::PostStop() {
  absl::MutexLock lock(&mutex_);
  stop_ = true;
  Wake();
}

void Inbox::ReportCheckpoint(const std::string& token, std::string checkpoint) {
  AttemptReport report;
  report.checkpoint = std::move(checkpoint);
  PostReport(token, std::move(report));
}

void Inbox::ReportProgress(const std::string& token, std::optional<double> fraction,
                           std::string message) {
  AttemptReport report;
  v1::Progress& progress = report.progress.emplace();
  if (fraction) progress.set_fraction(*fraction);
  progress.set_message(ReadableText(message, kProgressMessageBytesMax));
  PostReport(token, std::move(report));
}

void Inbox::PostReport(const std::string& token, AttemptReport report) {
  absl::MutexLock lock(&mutex_);
  reports_[token].Update(std::move(report));
  Wake();
}

void Inbox::Take(Posted& posted) {
  posted.finished.clear();
  absl::MutexLock lock(&mutex_);
  posted.finished.swap(finished_);
  if (!reports_.empty()) posted.reports.swap(reports_);
  posted.stop = stop_;
}

void Inbox::Woken() {
  absl::MutexLock lock(&mutex_);
  waking_ = false;
}

void Inbox::Close() {
  absl::MutexLock lock(&mutex_);
  closed_ = true;
}

void Inbox::Wake() {
  if (waking_ || closed_) return;
  waking_ = true;
  // A time in the past: due at once.
  alarm_.Set(&queue_, gpr_time_0(GPR_CLOCK_MONOTONIC), tag_);
}

}  // namespace tasker::client
