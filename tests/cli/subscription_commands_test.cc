#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/util/time_util.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "tests/cli/command_run.h"
#include "tests/cli/task_builder.h"

namespace tasker::cli {
namespace {

using google::protobuf::util::TimeUtil;
using testing::ElementsAre;
using testing::HasSubstr;

v1::Subscription Mailer() {
  v1::Subscription subscription;
  subscription.set_name("mailer");
  subscription.mutable_filter()->add_names("task.*");
  subscription.set_cursor("0-7");
  *subscription.mutable_created_at() = At(absl::ZeroDuration());
  *subscription.mutable_ack_timeout() = TimeUtil::SecondsToDuration(60);
  subscription.set_lag_events(12);
  *subscription.mutable_lag_time() = TimeUtil::SecondsToDuration(187);
  subscription.set_unacknowledged_events(3);
  subscription.set_redelivered_events(1);
  v1::SubscriptionConsumer& consumer = *subscription.add_consumers();
  consumer.set_consumer_id("c1");
  consumer.set_consumer_name("mailer-1");
  *consumer.mutable_connected_at() = At(absl::ZeroDuration());
  consumer.set_unacknowledged_events(3);
  consumer.set_acknowledged_events(9);
  return subscription;
}

class SubscriptionCommandsTest : public testing::Test {
 protected:
  FakeServer server_;
};

TEST_F(SubscriptionCommandsTest, ListsHowFarEachIsBehindAndItsConsumers) {
  server_.answers().list_subscriptions = [](const auto&, v1::ListSubscriptionsResponse* response) {
    *response->add_subscriptions() = Mailer();
    v1::Subscription& blocked = *response->add_subscriptions();
    blocked.set_name("old");
    blocked.set_lag_events(1'000'000);
    blocked.set_blocked("retention was faster");
    return grpc::Status::OK;
  };
  const auto result = RunCommand(server_, {"events", "subscriptions"});
  EXPECT_EQ(result.code, ExitCode::kOk);
  EXPECT_EQ(result.out,
            "NAME    LAG              OLDEST  UNACKNOWLEDGED  REDELIVERED  CONSUMERS  CURSOR  "
            "STATE\n"
            "mailer  12               3m07s   3               1            1          0-7     ok\n"
            "old     1000000 or more  -       0               0            0          -       "
            "blocked\n");
}

TEST_F(SubscriptionCommandsTest, ShowsOneWithItsConsumers) {
  std::string name;
  server_.answers().get_subscription = [&](const v1::GetSubscriptionRequest& request,
                                           v1::GetSubscriptionResponse* response) {
    name = request.name();
    *response->mutable_subscription() = Mailer();
    return grpc::Status::OK;
  };
  const auto result = RunCommand(server_, {"events", "subscriptions", "show", "mailer"});
  EXPECT_EQ(result.code, ExitCode::kOk);
  EXPECT_EQ(name, "mailer");
  EXPECT_THAT(result.out, HasSubstr("cursor:          0-7\n"));
  EXPECT_THAT(result.out, HasSubstr("ack timeout:     1m00s\n"));
  EXPECT_THAT(result.out, HasSubstr("c1        mailer-1  2025-03-01T09:30:00.000Z  3"));
  const auto json = nlohmann::json::parse(
      RunCommand(server_, {"events", "subscriptions", "show", "mailer", "--output", "json"}).out);
  EXPECT_EQ(json["subscription"]["lagEvents"], "12");
}

TEST_F(SubscriptionCommandsTest, CreatesOneWithAFilterAndAStart) {
  v1::CreateSubscriptionRequest asked;
  server_.answers().create_subscription = [&](const v1::CreateSubscriptionRequest& request,
                                              v1::CreateSubscriptionResponse* response) {
    asked = request;
    *response->mutable_subscription() = Mailer();
    return grpc::Status::OK;
  };
  const auto result =
      RunCommand(server_, {"events", "subscriptions", "create", "mailer", "--name", "task.*",
                           "--namespace", "shop", "--priority", "7", "--tag", "vip", "--where",
                           "priority > 3", "--from-earliest", "--ack-timeout", "2.5"});
  EXPECT_EQ(result.code, ExitCode::kOk);
  EXPECT_EQ(result.out, "made mailer, which goes on behind 0-7\n");
  EXPECT_EQ(asked.name(), "mailer");
  EXPECT_THAT(asked.filter().names(), ElementsAre("task.*"));
  EXPECT_EQ(asked.filter().namespace_(), "shop");
  EXPECT_THAT(asked.filter().priorities(), ElementsAre(7u));
  EXPECT_THAT(asked.filter().tags(), ElementsAre("vip"));
  EXPECT_EQ(asked.filter().where(), "priority > 3");
  EXPECT_TRUE(asked.start().from_earliest());
  EXPECT_EQ(TimeUtil::DurationToMilliseconds(asked.ack_timeout()), 2500);
}

TEST_F(SubscriptionCommandsTest, ResetsToEachKindOfPlace) {
  std::vector<v1::EventStart> asked;
  server_.answers().reset_subscription = [&](const v1::ResetSubscriptionRequest& request,
                                             v1::ResetSubscriptionResponse* response) {
    asked.push_back(request.start());
    *response->mutable_subscription() = Mailer();
    return grpc::Status::OK;
  };
  const std::vector<std::string> reset = {"events", "subscriptions", "reset", "mailer"};
  const auto run = [&](const std::vector<std::string>& place) {
    std::vector<std::string> arguments = reset;
    arguments.insert(arguments.end(), place.begin(), place.end());
    return RunCommand(server_, arguments);
  };
  EXPECT_EQ(run({"--to-time", "2025-03-01T09:30:00Z"}).out, "mailer goes on behind 0-7\n");
  EXPECT_EQ(run({"--to-cursor", "0-5"}).code, ExitCode::kOk);
  EXPECT_EQ(run({"--to-earliest"}).code, ExitCode::kOk);
  EXPECT_EQ(run({"--to-now"}).code, ExitCode::kOk);
  ASSERT_EQ(asked.size(), 4u);
  EXPECT_EQ(TimeUtil::ToString(asked[0].from_time()), "2025-03-01T09:30:00Z");
  EXPECT_EQ(asked[1].after_cursor(), "0-5");
  EXPECT_TRUE(asked[2].from_earliest());
  EXPECT_EQ(asked[3].start_case(), v1::EventStart::START_NOT_SET);
  EXPECT_EQ(run({}).code, ExitCode::kUsage);
  EXPECT_EQ(run({"--to-now", "--to-earliest"}).code, ExitCode::kUsage);
  const auto wrong = run({"--to-time", "yesterday"});
  EXPECT_EQ(wrong.code, ExitCode::kUsage);
  EXPECT_THAT(wrong.err, HasSubstr("'yesterday' is not a time"));
}

TEST_F(SubscriptionCommandsTest, DeletesOneAndSaysWhenThereIsNone) {
  server_.answers().delete_subscription = [](const v1::DeleteSubscriptionRequest& request,
                                             v1::DeleteSubscriptionResponse*) {
    return request.name() == "mailer" ? grpc::Status::OK
                                      : grpc::Status(grpc::StatusCode::NOT_FOUND, "no such");
  };
  EXPECT_EQ(RunCommand(server_, {"events", "subscriptions", "delete", "mailer"}).out,
            "deleted mailer\n");
  const auto missing = RunCommand(server_, {"events", "subscriptions", "delete", "other"});
  EXPECT_EQ(missing.code, ExitCode::kRefused);
  EXPECT_EQ(missing.err, "tasker: NOT_FOUND: no such\n");
}

TEST_F(SubscriptionCommandsTest, TailAcknowledgesWhatItPrinted) {
  std::vector<v1::AcknowledgeRequest> asked;
  server_.answers().acknowledge = [&](const v1::AcknowledgeRequest& request,
                                      v1::AcknowledgeResponse*) {
    asked.push_back(request);
    return grpc::Status::OK;
  };
  const v1::Task task = MakeTask(v1::TASK_STATE_IN_PROGRESS, {});
  for (const char* name : {"a", "b", "c"}) {
    v1::Event event;
    event.set_name(name);
    server_.log().Publish(task, event);
  }
  const auto result = RunCommand(server_, {"events", "tail", "--subscription", "mailer", "--ack",
                                           "--from-earliest", "--limit", "2"});
  EXPECT_EQ(result.code, ExitCode::kOk);
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].subscription(), "mailer");
  EXPECT_EQ(asked[0].cursor(), "2");
  EXPECT_EQ(asked[0].consumer_id(), "c1");
  const v1::SubscribeRequest request = server_.log().subscriptions().at(0);
  EXPECT_EQ(request.subscription(), "mailer");
  EXPECT_FALSE(request.has_filter());
}

TEST_F(SubscriptionCommandsTest, TailAcknowledgesOnlyANamedSubscription) {
  EXPECT_EQ(RunCommand(server_, {"events", "tail", "--ack"}).code, ExitCode::kUsage);
}

}  // namespace
}  // namespace tasker::cli
