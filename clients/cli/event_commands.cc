#include "clients/cli/event_commands.h"

#include "google/protobuf/util/time_util.h"

#include "clients/cli/json_output.h"
#include "clients/cli/terminal_text.h"

namespace tasker::cli {

EventCommands::EventCommands(CLI::App& app, Session& session) : session_(session) {
  CLI::App* group = app.add_subcommand("events", "Follow what happens");
  group->require_subcommand(0, 1);
  CLI::App* tail = group->add_subcommand(
      "tail", "Print events as they come, until stopped; goes on after a restart of the service");
  filter_.AddTo(*tail);
  auto* earliest =
      tail->add_flag("--from-earliest", from_earliest_, "Start with the earliest event kept");
  auto* after = tail->add_option("--after", after_, "Start behind the event with this cursor")
                    ->type_name("CURSOR")
                    ->excludes(earliest);
  auto* time = tail->add_option("--from-time", from_time_,
                                "Start with the first event at or after this time")
                   ->type_name("TIME")
                   ->excludes(earliest)
                   ->excludes(after);
  auto* snapshot =
      tail->add_flag("--snapshot", snapshot_,
                     "Start with the tasks as they are, and go on with what happens to them")
          ->excludes(earliest)
          ->excludes(after)
          ->excludes(time);
  tail->add_flag("--open", open_only_, "Of these tasks leave out those that have finished")
      ->needs(snapshot);
  auto* subscription =
      tail->add_option("--subscription", subscription_,
                       "Consume the named subscription, which is made if there is none")
          ->type_name("NAME")
          ->excludes(snapshot);
  tail->add_flag("--ack", acknowledge_,
                 "Acknowledge what was printed, so that it does not come again")
      ->needs(subscription);
  tail->add_option("--limit", limit_, "Stop after this many events")
      ->type_name("N")
      ->check(CLI::PositiveNumber.description(""));
  tail->callback(
      [this] { session_.action = [this](Connection& connection) { return Tail(connection); }; });
}

std::optional<v1::SubscribeRequest> EventCommands::TailRequest() {
  v1::SubscribeRequest request;
  *request.mutable_filter() = filter_.Filter();
  request.set_subscription(subscription_);
  // Without a filter a subscription that is there keeps to its own.
  if (!subscription_.empty() && request.filter().ByteSizeLong() == 0) request.clear_filter();
  if (from_earliest_) request.set_from_earliest(true);
  if (!after_.empty()) request.set_after_cursor(after_);
  if (snapshot_) request.mutable_snapshot()->set_open_only(open_only_);
  if (!from_time_.empty() &&
      !google::protobuf::util::TimeUtil::FromString(from_time_, request.mutable_from_time())) {
    ReportUsage(session_, "'" + from_time_ + "' is not a time such as 2025-03-01T09:30:00Z");
    return std::nullopt;
  }
  return request;
}

ExitCode EventCommands::Tail(Connection& connection) {
  const std::optional<v1::SubscribeRequest> request = TailRequest();
  if (!request) return ExitCode::kUsage;
  EventFeed feed(connection, *request, EventFeed::Expiry::kFail);
  auto& console = session_.console;
  while (true) {
    switch (feed.Next(absl::Now() + absl::Hours(1))) {
      case EventFeed::Signal::kEvents:
        if (const auto code = Take(connection, feed)) return *code;
        break;
      case EventFeed::Signal::kTasks:
        if (!PrintTasks(feed)) return ExitCode::kRefused;
        break;
      case EventFeed::Signal::kInterrupted:
        console.err << "tasker: lost " << connection.server() << " ("
                    << EscapeControls(feed.status().error_message()) << "), subscribing again\n";
        break;
      case EventFeed::Signal::kFailed: {
        const ExitCode code = ReportFailure(session_, feed.status());
        if (!feed.cursor().empty()) {
          console.err << "To go on from here: --after " << EscapeControls(feed.cursor()) << '\n';
        }
        return code;
      }
      case EventFeed::Signal::kLive:
      case EventFeed::Signal::kIdle:
        break;
    }
  }
}

std::optional<ExitCode> EventCommands::Take(Connection& connection, const EventFeed& feed) {
  std::string cursor;
  for (const auto& event : feed.events()) {
    if (!Print(event)) return ExitCode::kRefused;
    cursor = event.cursor();
    if (++printed_ == limit_) break;
  }
  session_.console.out.flush();
  if (acknowledge_ && !Acknowledge(connection, feed, cursor)) return ExitCode::kRefused;
  if (printed_ == limit_) return ExitCode::kOk;
  return std::nullopt;
}

bool EventCommands::Acknowledge(Connection& connection, const EventFeed& feed,
                                const std::string& cursor) {
  v1::AcknowledgeRequest request;
  request.set_subscription(subscription_);
  request.set_cursor(cursor);
  request.set_consumer_id(feed.consumer_id());
  v1::AcknowledgeResponse response;
  const auto status =
      connection.events().Acknowledge(connection.NewCall().get(), request, &response);
  if (status.ok()) return true;
  ReportFailure(session_, status);
  // Then the feed breaks as well, and goes on if it can; what was not acknowledged comes again.
  return status.error_code() == grpc::StatusCode::UNAVAILABLE ||
         status.error_code() == grpc::StatusCode::ABORTED;
}

bool EventCommands::Print(const v1::Event& event) {
  auto& console = session_.console;
  if (!session_.json()) {
    const int width = console.out_is_terminal ? console.size().width : 0;
    console.out << line_.Format(event, width) << '\n';
    return true;
  }
  const auto json = ToJson(event, JsonLayout::kLine);
  if (!json.ok()) return CannotShow(json.status());
  console.out << *json << '\n';
  return true;
}

bool EventCommands::PrintTasks(const EventFeed& feed) {
  auto& console = session_.console;
  for (const v1::Task& task : feed.tasks()) {
    if (!PrintTask(task, feed.snapshot_position())) return false;
  }
  if (feed.snapshot_complete()) {
    console.out << (session_.json() ? "{\"snapshotComplete\":true}\n"
                                    : "--- these are the tasks; events follow\n");
  }
  console.out.flush();
  return true;
}

bool EventCommands::PrintTask(const v1::Task& task, const v1::Position& as_of) {
  auto& console = session_.console;
  if (!session_.json()) {
    const int width = console.out_is_terminal ? console.size().width : 0;
    console.out << line_.Format(task, width) << '\n';
    return true;
  }
  const auto json = ToJson(task, JsonLayout::kLine);
  if (!json.ok()) return CannotShow(json.status());
  const auto position = ToJson(as_of, JsonLayout::kLine);
  if (!position.ok()) return CannotShow(position.status());
  console.out << "{\"task\":" << *json << ",\"snapshotPosition\":" << *position << "}\n";
  return true;
}

bool EventCommands::CannotShow(const absl::Status& why) {
  ReportFailure(session_, {grpc::StatusCode::INTERNAL, why.ToString()});
  return false;
}

}  // namespace tasker::cli
