#include "service/templates/template_folder.h"

#include <pthread.h>
#include <utility>

#include <spdlog/spdlog.h>

#include "service/templates/parallel.h"

namespace tasker::service {
namespace {

using Clock = ScanSchedule::Time::clock;

// How long LoadNow waits for files that are being written.
constexpr std::chrono::milliseconds kFirstPatience{1000};

}  // namespace

TemplateFolder::TemplateFolder(std::string folder, std::chrono::milliseconds rescan,
                               TemplateRegistry* registry)
    : rescan_(rescan), files_(std::move(folder), registry), schedule_(rescan) {}

void TemplateFolder::LoadNow() {
  const auto until = Clock::now() + kFirstPatience;
  while (files_.Look(LoadThreads(), {}).unsettled && Clock::now() < until) {
    std::this_thread::sleep_for(ScanSchedule::kQuiet);
  }
}

absl::Status TemplateFolder::Begin() {
  absl::StatusOr<std::unique_ptr<FolderWatch>> watch = FolderWatch::Make();
  if (!watch.ok()) return watch.status();
  watch_ = *std::move(watch);
  // What has changed since LoadNow, and what there is to be watched: from here on nothing is
  // missed.
  Look();
  absl::MutexLock lock(&stop_mutex_);
  thread_ = std::thread([this] { Run(); });
  return absl::OkStatus();
}

void TemplateFolder::StoreIsBack() {
  store_is_back_.store(true);
  if (watch_ != nullptr) watch_->Call();
}

void TemplateFolder::Stop() {
  absl::MutexLock lock(&stop_mutex_);
  stopping_.store(true);
  if (!thread_.joinable()) return;
  watch_->Call();
  thread_.join();
}

void TemplateFolder::Run() {
  pthread_setname_np(pthread_self(), "templates");
  while (!stopping_.load()) {
    const std::optional<ScanSchedule::Time> next = schedule_.Next();
    const ScanSchedule::Time now = Clock::now();
    if (next && *next <= now) {
      Look();
      continue;
    }
    const FolderWatch::Seen seen = watch_->Wait(next ? std::optional(*next - now) : std::nullopt);
    if (seen.overflowed) overflows_.fetch_add(1, std::memory_order_relaxed);
    if (seen.changed) schedule_.OnChange(Clock::now());
    if (store_is_back_.exchange(false)) schedule_.OnStoreBack(Clock::now());
  }
}

void TemplateFolder::Look() {
  TemplateFiles::Questions questions;
  questions.is_being_written = [this](const std::string& path) {
    return watch_->IsBeingWritten(path);
  };
  questions.is_stopping = [this] { return stopping_.load(); };
  // One thread: the service has work to do beside it.
  const TemplateFiles::Looked looked = files_.Look(1, questions);
  const absl::StatusOr<bool> some_are_new = watch_->Watch(looked.watched);
  SetWatchProblem(some_are_new.status());
  const ScanSchedule::Time now = Clock::now();
  schedule_.OnLooked(now, {files_.report()->took, looked.not_stored, looked.unsettled});
  // What happened there between the look and now was not seen.
  if (some_are_new.ok() && *some_are_new) schedule_.OnChange(now);
}

void TemplateFolder::SetWatchProblem(const absl::Status& status) {
  const std::string problem(status.message());
  {
    absl::MutexLock lock(&mutex_);
    if (watch_problem_ == problem) return;
    watch_problem_ = problem;
  }
  const std::string folder = files_.report()->folder;
  if (status.ok()) {
    spdlog::info("templates folder {}: changes are noticed again as they happen", folder);
  } else if (rescan_.count() > 0) {
    spdlog::warn("templates folder {}: {}; it is looked at every {} ms instead", folder, problem,
                 rescan_.count());
  } else {
    spdlog::error("templates folder {}: {}; changes are not noticed, since `templates_rescan` is 0",
                  folder, problem);
  }
}

std::string TemplateFolder::watch_problem() const {
  absl::MutexLock lock(&mutex_);
  return watch_problem_;
}

}  // namespace tasker::service
