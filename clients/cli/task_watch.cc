#include "clients/cli/task_watch.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "clients/cli/event_feed.h"
#include "clients/cli/state_text.h"
#include "clients/cli/terminal_text.h"
#include "clients/cli/watch_display.h"

namespace tasker::cli {
namespace {

// Events come in bursts; a person needs no more pictures a second, and the service no more calls.
constexpr absl::Duration kFetchInterval = absl::Milliseconds(100);

v1::SubscribeRequest EventsOf(const std::string& task_id) {
  v1::SubscribeRequest request;
  request.mutable_filter()->add_task_ids(task_id);
  return request;
}

std::unique_ptr<WatchDisplay> MakeDisplay(Session& session) {
  if (session.json()) return MakeSilentDisplay();
  return session.console.out_is_terminal ? MakeLiveDisplay(session.console)
                                         : MakeLogDisplay(session.console);
}

// Events say that something changed; what, is read from the task itself, so that the view is right
// whatever was missed. The subscription stands before the first reading: nothing falls in between.
class Watch {
 public:
  Watch(Session& session, Connection& connection, const std::string& task_id)
      : connection_(connection),
        task_id_(task_id),
        display_(MakeDisplay(session)),
        feed_(connection, EventsOf(task_id), EventFeed::Expiry::kSkip) {}

  // Until the task is finished (then OK, and `task()`), or nothing more can be learnt of it.
  grpc::Status Run() {
    while (true) {
      const absl::Time now = absl::Now();
      if (live_ && changed_ && now >= fetch_at_) {
        const grpc::Status status = Fetch();
        if (!status.ok() && !MayTryAgain(status)) return status;
        if (status.ok() && IsFinished(task_.state())) return status;
        continue;
      }
      if (now >= tick_at_) Tick(now);
      const absl::Time deadline = live_ && changed_ ? std::min(fetch_at_, tick_at_) : tick_at_;
      if (Take(feed_.Next(deadline)) == EventFeed::Signal::kFailed) return feed_.status();
    }
  }

  const v1::Task& task() const { return task_; }

 private:
  EventFeed::Signal Take(EventFeed::Signal signal) {
    if (signal == EventFeed::Signal::kLive) {
      live_ = true;
      changed_ = true;
      display_->SetNotice("");
    } else if (signal == EventFeed::Signal::kEvents) {
      changed_ = true;
    } else if (signal == EventFeed::Signal::kInterrupted) {
      live_ = false;
      display_->SetNotice(absl::StrCat("lost ", connection_.server(), " (",
                                       feed_.status().error_message(), "), connecting again"));
    }
    return signal;
  }

  grpc::Status Fetch() {
    v1::GetTaskRequest request;
    request.set_task_id(task_id_);
    v1::GetTaskResponse response;
    const auto context = connection_.NewCall();
    const auto status = connection_.tasks().GetTask(context.get(), request, &response);
    const absl::Time now = absl::Now();
    fetch_at_ = now + kFetchInterval;
    if (!status.ok()) return status;
    failing_since_.reset();
    changed_ = false;
    task_ = std::move(*response.mutable_task());
    display_->Update(task_, now);
    tick_at_ = now + display_->tick_interval();
    return status;
  }

  // The stream usually breaks as well and reports it; this bounds the case where it does not.
  bool MayTryAgain(const grpc::Status& status) {
    if (ExitCodeOf(status) != ExitCode::kUnreachable) return false;
    const absl::Time now = absl::Now();
    if (!failing_since_) failing_since_ = now;
    return now - *failing_since_ < connection_.timeout();
  }

  void Tick(absl::Time now) {
    display_->Tick(now);
    tick_at_ = now + display_->tick_interval();
  }

  Connection& connection_;
  const std::string task_id_;
  std::unique_ptr<WatchDisplay> display_;
  EventFeed feed_;
  v1::Task task_;
  bool live_ = false;
  bool changed_ = false;
  absl::Time fetch_at_ = absl::InfinitePast();
  absl::Time tick_at_ = absl::InfinitePast();
  std::optional<absl::Time> failing_since_;
};

void ExplainEnd(Session& session, const v1::Task& task) {
  auto& err = session.console.err;
  err << "tasker: task " << EscapeControls(task.task_id())
      << " did not complete: " << StateText(task.state());
  if (task.failed_steps_size() > 0) {
    err << ", failed steps: " << EscapeControls(absl::StrJoin(task.failed_steps(), ", "));
  }
  err << '\n';
}

}  // namespace

ExitCode WatchTask(Session& session, Connection& connection, const std::string& task_id) {
  Watch watch(session, connection, task_id);
  const grpc::Status status = watch.Run();
  if (!status.ok()) return ReportFailure(session, status);
  const v1::Task& task = watch.task();
  if (session.json()) {
    if (PrintJson(session, task) != ExitCode::kOk) return ExitCode::kRefused;
  } else {
    session.console.out << EscapeControls(task.name()) << ": " << StateText(task.state()) << '\n'
                        << std::flush;
  }
  if (task.state() == v1::TASK_STATE_COMPLETE) return ExitCode::kOk;
  ExplainEnd(session, task);
  return ExitCode::kRefused;
}

}  // namespace tasker::cli
