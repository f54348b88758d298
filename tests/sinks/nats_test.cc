// NATS, with a real server.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <nats/nats.h>
#include <nlohmann/json.hpp>

#include "clients/sinks/nats_subject.h"
#include "clients/sinks/nats_target.h"
#include "tests/sinks/cloud_event_check.h"
#include "tests/sinks/nats_server.h"
#include "tests/sinks/running_sink.h"

namespace tasker::sinks {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::SizeIs;

struct Received {
  std::string subject;
  std::string id;
  std::string content_type;
  json event;
};

Received ReceivedOf(natsMsg* message) {
  const char* id = "";
  const char* type = "";
  natsMsgHeader_Get(message, "Nats-Msg-Id", &id);
  natsMsgHeader_Get(message, "Content-Type", &type);
  Received received{
      natsMsg_GetSubject(message), id, type,
      json::parse(std::string(natsMsg_GetData(message),
                              static_cast<std::size_t>(natsMsg_GetDataLength(message))))};
  natsMsg_Destroy(message);
  return received;
}

// A receiver of its own.
class Client {
 public:
  explicit Client(const std::string& url) {
    if (natsConnection_ConnectTo(&nats_, url.c_str()) != NATS_OK ||
        natsConnection_JetStream(&jetstream_, nats_, nullptr) != NATS_OK) {
      throw std::runtime_error("the test cannot connect to NATS");
    }
  }
  ~Client() {
    jsCtx_Destroy(jetstream_);
    natsSubscription_Destroy(subscription_);
    natsConnection_Destroy(nats_);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // A stream that takes `tasker.>`.
  void AddStream() {
    const char* subjects[] = {"tasker.>"};
    jsStreamConfig config;
    jsStreamConfig_Init(&config);
    config.Name = "EVENTS";
    config.Subjects = subjects;
    config.SubjectsLen = 1;
    jsErrCode error{};
    const natsStatus status = js_AddStream(nullptr, jetstream_, &config, nullptr, &error);
    if (status != NATS_OK) throw std::runtime_error(natsStatus_GetText(status));
  }
  // What the stream holds.
  std::vector<Received> Stored() {
    jsStreamInfo* info = nullptr;
    jsErrCode error{};
    if (js_GetStreamInfo(&info, jetstream_, "EVENTS", nullptr, &error) != NATS_OK) return {};
    const std::uint64_t last = info->State.LastSeq;
    jsStreamInfo_Destroy(info);
    std::vector<Received> all;
    for (std::uint64_t i = 1; i <= last; ++i) {
      natsMsg* message = nullptr;
      if (js_GetMsg(&message, jetstream_, "EVENTS", i, nullptr, &error) == NATS_OK) {
        all.push_back(ReceivedOf(message));
      }
    }
    return all;
  }
  // Listens without a stream.
  void Listen() {
    natsConnection_SubscribeSync(&subscription_, nats_, "tasker.>");
    natsConnection_Flush(nats_);
  }
  Received Next() {
    natsMsg* message = nullptr;
    const natsStatus status = natsSubscription_NextMsg(&message, subscription_, 60'000);
    if (status != NATS_OK) throw std::runtime_error(natsStatus_GetText(status));
    return ReceivedOf(message);
  }

 private:
  natsConnection* nats_ = nullptr;
  jsCtx* jetstream_ = nullptr;
  natsSubscription* subscription_ = nullptr;
};

std::string SinkYaml(const NatsServer& server, const std::string& more = "") {
  return "{name: s, target: {nats: {servers: ['" + server.url() +
         "'], subject: 'tasker.{namespace}.{name}'" + more +
         "}}, retries: {first: 1ms, max: 20ms}}";
}

TEST(NatsSubject, Placeholders_AreFilledIn) {
  CloudEvent event = ToCloudEvent(MakeEvent(1, "task-1"), {});
  EXPECT_EQ(NatsSubject("tasker.{namespace}.{name}", event), "tasker.payments.step.completed");
  EXPECT_EQ(NatsSubject("t.{task_name}.{task_id}", event), "t.order_process.task-1");
  event.namespace_name = "a.b *>";
  event.task_id = "";
  EXPECT_EQ(NatsSubject("{namespace}.{task_id}.x", event), "a_b___._.x");
}

TEST(Nats, Events_AreInTheStreamByTheTimeTheyAreAcknowledged) {
  NatsServer server;
  Client client(server.url());
  client.AddStream();
  FakeEventService service;
  RunningSink running(service, SinkOf(SinkYaml(server)));
  constexpr std::uint64_t kEvents = 60;
  for (std::uint64_t i = 1; i <= kEvents; ++i) {
    service.Publish(MakeEvent(i, "task-" + std::to_string(i % 5)));
  }
  service.AwaitAcknowledged("0-" + std::to_string(kEvents) + "-0");
  const std::vector<Received> stored = client.Stored();
  ASSERT_THAT(stored, SizeIs(kEvents));
  std::map<std::string, std::string> last;
  for (const Received& each : stored) {
    EXPECT_EQ(WhyNoCloudEvent(each.event), "");
    EXPECT_EQ(each.subject, "tasker.payments.step.completed");
    EXPECT_EQ(each.id, each.event["id"]);
    EXPECT_EQ(each.content_type, "application/cloudevents+json; charset=utf-8");
    EXPECT_GT(each.event["sequence"].get<std::string>(), last[each.event["taskid"]]);
    last[each.event["taskid"]] = each.event["sequence"];
  }
}

TEST(Nats, EventThatComesAgain_IsInTheStreamOnce) {
  NatsServer server;
  Client client(server.url());
  client.AddStream();
  FakeEventService service;
  service.AnswerAcknowledge({grpc::StatusCode::UNAVAILABLE, "the crash comes before"});
  {
    RunningSink running(service, SinkOf(SinkYaml(server)));
    service.Publish(MakeEvent(1, "t"));
    while (running.series.delivered.Value() < 1) std::this_thread::yield();
  }
  service.AnswerAcknowledge(grpc::Status::OK);
  RunningSink again(service, SinkOf(SinkYaml(server)));
  service.AwaitAcknowledged("0-1-0");
  EXPECT_EQ(again.series.delivered.Value(), 1);
  EXPECT_THAT(client.Stored(), SizeIs(1));
}

TEST(Nats, WithoutAStream_NothingIsAcknowledgedUntilThereIsOne) {
  NatsServer server;
  Client client(server.url());
  FakeEventService service;
  RunningSink running(service, SinkOf(SinkYaml(server)));
  service.Publish(MakeEvent(1, "t"));
  while (running.series.failed.Value() < 2) std::this_thread::yield();
  EXPECT_THAT(running.sink->health().trouble, HasSubstr("no stream takes this subject"));
  EXPECT_EQ(service.acknowledged(), "");
  client.AddStream();
  service.AwaitAcknowledged("0-1-0");
  EXPECT_THAT(client.Stored(), SizeIs(1));
}

TEST(Nats, WithoutJetStream_TheServerHasReadThemByThen) {
  NatsServer server;
  Client client(server.url());
  client.Listen();
  FakeEventService service;
  RunningSink running(service, SinkOf(SinkYaml(server, ", jetstream: false")));
  for (std::uint64_t i = 1; i <= 20; ++i) service.Publish(MakeEvent(i, "t"));
  service.AwaitAcknowledged("0-20-0");
  for (std::uint64_t i = 1; i <= 20; ++i) {
    const Received received = client.Next();
    EXPECT_EQ(received.id, "event-" + std::to_string(i));
    EXPECT_EQ(WhyNoCloudEvent(received.event), "");
  }
}

TEST(Nats, ServerThatIsKilled_IsComeBackTo) {
  NatsServer server;
  {
    Client client(server.url());
    client.AddStream();
  }
  FakeEventService service;
  RunningSink running(service, SinkOf(SinkYaml(server)));
  service.Publish(MakeEvent(1, "t"));
  service.AwaitAcknowledged("0-1-0");
  server.Kill();
  service.Publish(MakeEvent(2, "t"));
  service.Publish(MakeEvent(3, "t"));
  while (running.series.failed.Value() < 1) std::this_thread::yield();
  EXPECT_EQ(service.acknowledged(), "0-1-0");
  server.Restart();
  service.AwaitAcknowledged("0-3-0");
  Client client(server.url());
  std::vector<std::string> ids;
  for (const Received& each : client.Stored()) ids.push_back(each.id);
  EXPECT_THAT(ids, ::testing::ElementsAre("event-1", "event-2", "event-3"));
}

TEST(Nats, Login_IsRequiredAndGiven) {
  NatsServer server("authorization { user: tasker, password: secret }");
  const std::string right = ", jetstream: false, credentials: {user: tasker, password: secret}";
  const std::string wrong = ", jetstream: false, credentials: {user: tasker, password: wrong}";
  const CloudEvent event = ToCloudEvent(MakeEvent(1, "t"), {});
  const CloudEvent* const events[] = {&event};
  const auto send = [&](const std::string& access) {
    auto target = OpenTarget(SinkOf(SinkYaml(server, access)));
    return (*target)->Send(events).at(0);
  };
  EXPECT_EQ(send(right).kind, Outcome::Kind::kDelivered) << send(right).error;
  EXPECT_EQ(send(wrong).kind, Outcome::Kind::kFailed);
  EXPECT_THAT(send(wrong).error, HasSubstr("uthorization"));
}

TEST(Nats, EventThatIsTooLarge_IsRefused) {
  NatsServer server("max_payload: 2000");
  Client client(server.url());
  client.AddStream();
  const v1::Event big =
      MakeEvent(1, "t", "order.paid", "{\"x\":\"" + std::string(5000, 'x') + "\"}");
  const CloudEvent event = ToCloudEvent(big, {});
  const CloudEvent* const events[] = {&event};
  for (const char* jetstream : {"true", "false"}) {
    auto target = OpenTarget(SinkOf(SinkYaml(server, std::string(", jetstream: ") + jetstream)));
    EXPECT_EQ((*target)->Send(events).at(0).kind, Outcome::Kind::kRefused) << jetstream;
  }
}

}  // namespace
}  // namespace tasker::sinks
