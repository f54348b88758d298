#include "clients/cli/subscription_commands.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"

#include "clients/cli/json_output.h"
#include "clients/cli/table.h"
#include "clients/cli/terminal_text.h"
#include "clients/cli/time_text.h"

namespace tasker::cli {
namespace {

using google::protobuf::util::TimeUtil;

constexpr std::uint64_t kLagMax = 1'000'000;

std::string LagText(const v1::Subscription& subscription) {
  return absl::StrCat(subscription.lag_events(),
                      subscription.lag_events() >= kLagMax ? " or more" : "");
}

std::string Text(const google::protobuf::Duration& duration) {
  return DurationText(absl::Microseconds(TimeUtil::DurationToMicroseconds(duration)));
}

std::string LagTimeText(const v1::Subscription& subscription) {
  return subscription.has_lag_time() ? Text(subscription.lag_time()) : "";
}

std::string FilterText(const v1::Subscription& subscription) {
  const auto json = ToJson(subscription.filter(), JsonLayout::kLine);
  return json.ok() ? *json : std::string(json.status().message());
}

void PrintOne(const v1::Subscription& subscription, std::ostream& out) {
  const auto line = [&](const char* label, const std::string& text) {
    out << label << EscapeControls(text.empty() ? "-" : text) << '\n';
  };
  line("name:            ", subscription.name());
  line("filter:          ", FilterText(subscription));
  line("cursor:          ", subscription.cursor());
  line("created:         ", TimeText(subscription.has_created_at(), subscription.created_at()));
  line("ack timeout:     ", Text(subscription.ack_timeout()));
  line("lag:             ", LagText(subscription));
  line("oldest:          ", LagTimeText(subscription));
  line("unacknowledged:  ", absl::StrCat(subscription.unacknowledged_events()));
  line("acknowledged:    ", absl::StrCat(subscription.acknowledged_events()));
  line("acknowledged at: ",
       TimeText(subscription.has_acknowledged_at(), subscription.acknowledged_at()));
  line("redelivered:     ", absl::StrCat(subscription.redelivered_events()));
  if (!subscription.blocked().empty()) line("blocked:         ", subscription.blocked());
  if (subscription.consumers().empty()) return;
  out << '\n';
  Table table({"CONSUMER", "NAME", "CONNECTED", "UNACKNOWLEDGED", "ACKNOWLEDGED"});
  for (const v1::SubscriptionConsumer& consumer : subscription.consumers()) {
    table.AddRow({consumer.consumer_id(), consumer.consumer_name(),
                  TimeText(consumer.has_connected_at(), consumer.connected_at()),
                  absl::StrCat(consumer.unacknowledged_events()),
                  absl::StrCat(consumer.acknowledged_events())});
  }
  table.Print(out);
}

}  // namespace

SubscriptionCommands::SubscriptionCommands(CLI::App& app, Session& session) : session_(session) {
  CLI::App* group = app.get_subcommand("events")->add_subcommand(
      "subscriptions", "List the named subscriptions: how far each is behind, and who consumes it");
  group->require_subcommand(0, 1);
  const auto run = [this](ExitCode (SubscriptionCommands::*what)(Connection&)) {
    return [this, what] {
      session_.action = [this, what](Connection& connection) { return (this->*what)(connection); };
    };
  };
  group->callback([this, group] {
    if (!group->get_subcommands().empty()) return;
    session_.action = [this](Connection& connection) { return List(connection); };
  });
  CLI::App* show = group->add_subcommand("show", "Show one subscription and its consumers");
  show->add_option("NAME", name_, "The subscription's name")->required();
  show->callback(run(&SubscriptionCommands::Show));
  AddCreate(*group);
  CLI::App* remove =
      group->add_subcommand("delete", "Delete a subscription; its consumers are cut off");
  remove->add_option("NAME", name_, "The subscription's name")->required();
  remove->callback(run(&SubscriptionCommands::Delete));
  AddReset(*group);
}

void SubscriptionCommands::AddCreate(CLI::App& group) {
  CLI::App* create = group.add_subcommand(
      "create", "Make a subscription, so that nothing is missed before its first consumer comes");
  create->add_option("NAME", name_, "The subscription's name")->required();
  filter_.AddTo(*create);
  auto* start = create->add_option_group("Start", "Without one of these: what happens from now on");
  start->add_flag("--from-earliest", earliest_, "Start with the earliest event kept");
  start->add_option("--after", cursor_, "Start behind the event with this cursor")
      ->type_name("CURSOR");
  start->add_option("--from-time", time_, "Start with the first event at or after this time")
      ->type_name("TIME");
  start->require_option(0, 1);
  create
      ->add_option("--ack-timeout", ack_timeout_seconds_,
                   "Seconds that a consumer may go without acknowledging; 60 unless told")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.1, 86400.0).description(""));
  create->callback(
      [this] { session_.action = [this](Connection& connection) { return Create(connection); }; });
}

void SubscriptionCommands::AddReset(CLI::App& group) {
  CLI::App* reset = group.add_subcommand(
      "reset", "Move a subscription to another place of the log, forwards or back");
  reset->add_option("NAME", name_, "The subscription's name")->required();
  auto* place = reset->add_option_group("Place", "Where it goes on; one of these");
  place->add_option("--to-time", time_, "With the first event at or after this time")
      ->type_name("TIME");
  place->add_option("--to-cursor", cursor_, "Behind the event with this cursor")
      ->type_name("CURSOR");
  place->add_flag("--to-earliest", earliest_, "With the earliest event kept");
  place->add_flag("--to-now", now_, "With what happens from now on");
  place->require_option(1);
  reset->callback(
      [this] { session_.action = [this](Connection& connection) { return Reset(connection); }; });
}

bool SubscriptionCommands::FillStart(v1::EventStart& start) {
  if (earliest_) start.set_from_earliest(true);
  if (!cursor_.empty()) start.set_after_cursor(cursor_);
  if (time_.empty()) return true;
  if (TimeUtil::FromString(time_, start.mutable_from_time())) return true;
  ReportUsage(session_, "'" + time_ + "' is not a time such as 2025-03-01T09:30:00Z");
  return false;
}

ExitCode SubscriptionCommands::List(Connection& connection) {
  v1::ListSubscriptionsResponse response;
  const auto status =
      connection.events().ListSubscriptions(connection.NewCall().get(), {}, &response);
  if (!status.ok()) return ReportFailure(session_, status);
  if (session_.json()) return PrintJson(session_, response);
  Table table(
      {"NAME", "LAG", "OLDEST", "UNACKNOWLEDGED", "REDELIVERED", "CONSUMERS", "CURSOR", "STATE"});
  for (const v1::Subscription& each : response.subscriptions()) {
    table.AddRow({each.name(), LagText(each), LagTimeText(each),
                  absl::StrCat(each.unacknowledged_events()),
                  absl::StrCat(each.redelivered_events()), absl::StrCat(each.consumers_size()),
                  each.cursor(), each.blocked().empty() ? "ok" : "blocked"});
  }
  table.Print(session_.console.out);
  return ExitCode::kOk;
}

ExitCode SubscriptionCommands::Show(Connection& connection) {
  v1::GetSubscriptionRequest request;
  request.set_name(name_);
  v1::GetSubscriptionResponse response;
  const auto status =
      connection.events().GetSubscription(connection.NewCall().get(), request, &response);
  if (!status.ok()) return ReportFailure(session_, status);
  if (session_.json()) return PrintJson(session_, response);
  PrintOne(response.subscription(), session_.console.out);
  return ExitCode::kOk;
}

ExitCode SubscriptionCommands::Create(Connection& connection) {
  v1::CreateSubscriptionRequest request;
  request.set_name(name_);
  *request.mutable_filter() = filter_.Filter();
  if (!FillStart(*request.mutable_start())) return ExitCode::kUsage;
  if (ack_timeout_seconds_ > 0) {
    *request.mutable_ack_timeout() =
        TimeUtil::MillisecondsToDuration(std::llround(ack_timeout_seconds_ * 1000));
  }
  v1::CreateSubscriptionResponse response;
  const auto status =
      connection.events().CreateSubscription(connection.NewCall().get(), request, &response);
  if (!status.ok()) return ReportFailure(session_, status);
  if (session_.json()) return PrintJson(session_, response);
  session_.console.out << EscapeControls(absl::StrCat(
                              response.existing() ? "there is already " : "made ", name_,
                              ", which goes on behind ", response.subscription().cursor()))
                       << '\n';
  return ExitCode::kOk;
}

ExitCode SubscriptionCommands::Delete(Connection& connection) {
  v1::DeleteSubscriptionRequest request;
  request.set_name(name_);
  v1::DeleteSubscriptionResponse response;
  const auto status =
      connection.events().DeleteSubscription(connection.NewCall().get(), request, &response);
  if (!status.ok()) return ReportFailure(session_, status);
  if (session_.json()) return PrintJson(session_, response);
  session_.console.out << EscapeControls("deleted " + name_) << '\n';
  return ExitCode::kOk;
}

ExitCode SubscriptionCommands::Reset(Connection& connection) {
  v1::ResetSubscriptionRequest request;
  request.set_name(name_);
  if (!FillStart(*request.mutable_start())) return ExitCode::kUsage;
  v1::ResetSubscriptionResponse response;
  const auto status =
      connection.events().ResetSubscription(connection.NewCall().get(), request, &response);
  if (!status.ok()) return ReportFailure(session_, status);
  if (session_.json()) return PrintJson(session_, response);
  session_.console.out << EscapeControls(absl::StrCat(name_, " goes on behind ",
                                                      response.subscription().cursor()))
                       << '\n';
  return ExitCode::kOk;
}

}  // namespace tasker::cli
