#include "clients/cli/event_commands.h"

#include "clients/cli/json_output.h"
#include "clients/cli/terminal_text.h"

namespace tasker::cli {

EventCommands::EventCommands(CLI::App& app, Session& session) : session_(session) {
  CLI::App* group = app.add_subcommand("events", "Follow what happens");
  group->require_subcommand(0, 1);
  CLI::App* tail = group->add_subcommand(
      "tail", "Print events as they come, until stopped; goes on after a restart of the service");
  tail->add_option("--name", names_, "Only events of this name; * stands for any characters")
      ->type_name("PATTERN")
      ->allow_extra_args(false);
  tail->add_option("--task", task_ids_, "Only events of the task with this ID")
      ->type_name("ID")
      ->allow_extra_args(false);
  tail->add_option("--namespace", namespace_, "Only tasks of this namespace");
  tail->add_option("--category", categories_, "Only events of this category")
      ->allow_extra_args(false);
  auto* earliest =
      tail->add_flag("--from-earliest", from_earliest_, "Start with the earliest event kept");
  tail->add_option("--after", after_, "Start behind the event with this cursor")
      ->type_name("CURSOR")
      ->excludes(earliest);
  auto* subscription =
      tail->add_option("--subscription", subscription_,
                       "Consume the named subscription, which is made if there is none")
          ->type_name("NAME");
  tail->add_flag("--ack", acknowledge_,
                 "Acknowledge what was printed, so that it does not come again")
      ->needs(subscription);
  tail->add_option("--limit", limit_, "Stop after this many events")
      ->type_name("N")
      ->check(CLI::PositiveNumber.description(""));
  tail->callback(
      [this] { session_.action = [this](Connection& connection) { return Tail(connection); }; });
}

v1::SubscribeRequest EventCommands::TailRequest() const {
  v1::SubscribeRequest request;
  auto& filter = *request.mutable_filter();
  filter.mutable_names()->Assign(names_.begin(), names_.end());
  filter.mutable_task_ids()->Assign(task_ids_.begin(), task_ids_.end());
  filter.mutable_categories()->Assign(categories_.begin(), categories_.end());
  filter.set_namespace_(namespace_);
  request.set_subscription(subscription_);
  // Without a filter a subscription that is there keeps to its own.
  if (!subscription_.empty() && filter.ByteSizeLong() == 0) request.clear_filter();
  if (from_earliest_) request.set_from_earliest(true);
  if (!after_.empty()) request.set_after_cursor(after_);
  return request;
}

ExitCode EventCommands::Tail(Connection& connection) {
  EventFeed feed(connection, TailRequest(), EventFeed::Expiry::kFail);
  auto& console = session_.console;
  while (true) {
    switch (feed.Next(absl::Now() + absl::Hours(1))) {
      case EventFeed::Signal::kEvents:
        if (const auto code = Take(connection, feed)) return *code;
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
  if (json.ok()) {
    console.out << *json << '\n';
  } else {
    ReportFailure(session_, {grpc::StatusCode::INTERNAL, json.status().ToString()});
  }
  return json.ok();
}

}  // namespace tasker::cli
