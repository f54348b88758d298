#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <nlohmann/json.hpp>
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "clients/sinks/webhook_signature.h"
#include "clients/sinks/webhook_target.h"
#include "tests/cpp_client/http_stand_in.h"
#include "tests/sinks/cloud_event_check.h"
#include "tests/sinks/running_sink.h"
#include "tests/sinks/temporary_folder.h"

namespace tasker::sinks {
namespace {

using http::Answer;
using http::Asked;
using http::HttpStandIn;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::SizeIs;

constexpr char kSecret[] = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz";
constexpr char kSecretBytes[] = "012345678901234567890123";
constexpr char kOther[] = "whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4";
constexpr char kOtherBytes[] = "abcdefghijklmnopqrstuvwx";

// As a receiver does it, by another interface of OpenSSL than the sink's.
std::string SignatureBy(const std::string& secret, const Asked& asked) {
  const std::string content = asked.headers.at("webhook-id") + "." +
                              asked.headers.at("webhook-timestamp") + "." + asked.body;
  unsigned char digest[EVP_MAX_MD_SIZE];
  std::size_t size = 0;
  EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA256", nullptr, secret.data(), secret.size(),
            reinterpret_cast<const unsigned char*>(content.data()), content.size(), digest,
            sizeof digest, &size);
  return "v1," + absl::Base64Escape(absl::string_view(reinterpret_cast<char*>(digest), size));
}

std::string Webhook(const HttpStandIn& receiver, const std::string& more = "") {
  return "webhook: {url: '" + receiver.url() + "/hook', " + more + "}";
}

std::string SinkYaml(const std::string& target, const std::string& more = "") {
  return "{name: s, target: {" + target + "}, retries: {first: 1ms, max: 20ms}" + more + "}";
}

std::vector<std::string> IdsOf(const std::vector<Asked>& asked) {
  std::vector<std::string> ids;
  for (const Asked& each : asked) ids.push_back(each.headers.at("webhook-id"));
  return ids;
}

std::string CursorOf(std::uint64_t number) { return "0-" + std::to_string(number) + "-0"; }

TEST(WebhookSignature, AgreesWithTheSpecificationsExample) {
  // Computed by Python's hmac from the secret, id, time and body that Standard Webhooks' own tests
  // use.
  std::string secret;
  ASSERT_TRUE(absl::Base64Unescape("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", &secret));
  EXPECT_EQ(WebhookSignature({secret}, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
                             R"({"test": 2432232314})"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(Webhook, Request_IsASignedCloudEvent) {
  HttpStandIn receiver([](const Asked&) { return Answer{}; });
  FakeEventService service;
  RunningSink running(
      service,
      SinkOf(SinkYaml(Webhook(receiver, "headers: {Authorization: Bearer abc}, secrets: [" +
                                            std::string(kSecret) + ", " + kOther + "]"))));
  service.Publish(MakeEvent(1, "task-1"));
  service.AwaitAcknowledged(CursorOf(1));
  const std::vector<Asked> asked = receiver.asked();
  ASSERT_THAT(asked, SizeIs(1));
  const auto& headers = asked[0].headers;
  EXPECT_EQ(asked[0].method, "POST");
  EXPECT_EQ(asked[0].target, "/hook");
  EXPECT_EQ(headers.at("content-type"), "application/cloudevents+json; charset=utf-8");
  EXPECT_EQ(headers.at("authorization"), "Bearer abc");
  EXPECT_THAT(headers.at("user-agent"), HasSubstr("tasker-sinks"));
  EXPECT_EQ(headers.at("webhook-id"), "event-1");
  EXPECT_THAT(headers.at("webhook-timestamp"), MatchesRegex("[0-9]{10}"));
  EXPECT_EQ(headers.at("webhook-signature"),
            SignatureBy(kSecretBytes, asked[0]) + " " + SignatureBy(kOtherBytes, asked[0]));
  const json event = json::parse(asked[0].body);
  EXPECT_EQ(WhyNoCloudEvent(event), "");
  EXPECT_EQ(event["id"], "event-1");
}

TEST(Webhook, WithoutSecret_NothingIsSigned) {
  HttpStandIn receiver([](const Asked&) { return Answer{.status = 204}; });
  FakeEventService service;
  RunningSink running(service, SinkOf(SinkYaml(Webhook(receiver))));
  service.Publish(MakeEvent(1, "t"));
  service.AwaitAcknowledged(CursorOf(1));
  EXPECT_FALSE(receiver.asked().at(0).headers.contains("webhook-signature"));
}

TEST(Webhook, PassingFailures_AreTriedAgainWithTheSameId) {
  std::atomic<int> calls = 0;
  HttpStandIn receiver([&calls](const Asked&) {
    static constexpr int kStatuses[] = {500, 502, 429, 408, 425, 503};
    const int call = calls++;
    return Answer{.status = call < 6 ? kStatuses[call] : 200};
  });
  FakeEventService service;
  TemporaryFolder folder;
  RunningSink running(service,
                      SinkOf(SinkYaml(Webhook(receiver, "secret: " + std::string(kSecret)),
                                      ", dead_letter: {file: '" + folder.File("d") + "'}")));
  service.Publish(MakeEvent(1, "t"));
  service.AwaitAcknowledged(CursorOf(1));
  const std::vector<Asked> asked = receiver.asked();
  ASSERT_THAT(asked, SizeIs(7));
  for (const Asked& each : asked) {
    EXPECT_EQ(each.headers.at("webhook-id"), "event-1");
    EXPECT_EQ(each.headers.at("webhook-signature"), SignatureBy(kSecretBytes, each));
    EXPECT_EQ(each.body, asked[0].body);
  }
  EXPECT_THAT(LinesOf(folder.File("d")), SizeIs(0));
}

TEST(Webhook, FinalStatuses_AreDeadLettersAtOnce) {
  for (const int status : {400, 401, 404, 410, 422, 301, 302}) {
    HttpStandIn receiver([status](const Asked&) {
      return Answer{.status = status, .headers = {{"Location", "/elsewhere"}}, .body = "go away"};
    });
    FakeEventService service;
    TemporaryFolder folder;
    RunningSink running(service, SinkOf(SinkYaml(Webhook(receiver), ", dead_letter: {file: '" +
                                                                        folder.File("d") + "'}")));
    service.Publish(MakeEvent(1, "t"));
    service.AwaitAcknowledged(CursorOf(1));
    EXPECT_THAT(receiver.asked(), SizeIs(1)) << status;
    const std::vector<std::string> letters = LinesOf(folder.File("d"));
    ASSERT_THAT(letters, SizeIs(1)) << status;
    EXPECT_EQ(json::parse(letters[0])["error"],
              "it answered " + std::to_string(status) + ": go away");
    EXPECT_EQ(json::parse(letters[0])["target"], "webhook " + receiver.url() + "/hook");
  }
}

TEST(Webhook, AfterTheLastAttempt_ItIsADeadLetter) {
  HttpStandIn receiver([](const Asked&) { return Answer{.status = 500}; });
  FakeEventService service;
  TemporaryFolder folder;
  RunningSink running(service, SinkOf("{name: s, target: {" + Webhook(receiver) +
                                      "}, retries: {attempts: 4, first: 1ms, max: 2ms}, "
                                      "dead_letter: {file: '" +
                                      folder.File("d") + "'}}"));
  service.Publish(MakeEvent(1, "t"));
  service.AwaitAcknowledged(CursorOf(1));
  EXPECT_THAT(receiver.asked(), SizeIs(4));
  EXPECT_EQ(json::parse(LinesOf(folder.File("d")).at(0))["attempts"], 4);
}

TEST(Webhook, RetryAfter_IsObeyedUpToTheLongestDelay) {
  const auto outcome_of = [](const std::string& retry_after) {
    HttpStandIn receiver([&](const Asked&) {
      return Answer{.status = 429, .headers = {{"Retry-After", retry_after}}};
    });
    config::WebhookSettings settings;
    settings.url = receiver.url();
    WebhookTarget target(settings);
    const CloudEvent event = ToCloudEvent(MakeEvent(1, "t"), {});
    const CloudEvent* const events[] = {&event};
    return target.Send(events).at(0);
  };
  const Outcome seconds = outcome_of("17");
  EXPECT_EQ(seconds.kind, Outcome::Kind::kFailed);
  EXPECT_EQ(seconds.retry_after, std::chrono::seconds(17));
  EXPECT_EQ(outcome_of("Wed, 21 Oct 2015 07:28:00 GMT").retry_after, std::chrono::seconds(0));
  EXPECT_EQ(outcome_of("whenever").retry_after, std::nullopt);
}

TEST(Webhook, Order_IsKeptForEachTaskWhileOthersGoOn) {
  // Every event of `slow` fails twice; the others are taken.
  std::mutex mutex;
  std::map<std::string, int> failures;
  HttpStandIn receiver([&](const Asked& asked) {
    const json event = json::parse(asked.body);
    if (event["taskid"] != "slow") return Answer{};
    const std::lock_guard lock(mutex);
    return Answer{.status = ++failures[event["id"]] <= 2 ? 503 : 200};
  });
  FakeEventService service;
  RunningSink running(service, SinkOf(SinkYaml(Webhook(receiver, "concurrency: 8"))));
  for (std::uint64_t i = 1; i <= 60; ++i) {
    service.Publish(MakeEvent(i, i % 3 == 0 ? "slow" : "task-" + std::to_string(i % 3)));
  }
  service.AwaitAcknowledged(CursorOf(60));
  std::map<std::string, std::uint64_t> last;
  for (const Asked& each : receiver.asked()) {
    const json event = json::parse(each.body);
    const auto number = std::stoull(event["sequence"].get<std::string>());
    EXPECT_GE(number, last[event["taskid"]]);
    last[event["taskid"]] = number;
  }
}

TEST(Webhook, Batch_IsAListWithAnIdOfItsOwn) {
  std::atomic<bool> open = false;
  HttpStandIn receiver([&open](const Asked&) { return Answer{.status = open ? 200 : 500}; });
  FakeEventService service;
  RunningSink running(
      service, SinkOf(SinkYaml(Webhook(
                   receiver, "batch: 10, concurrency: 1, secret: " + std::string(kSecret)))));
  for (std::uint64_t i = 1; i <= 4; ++i) service.Publish(MakeEvent(i, "t"));
  while (running.sink->health().in_flight < 4 || receiver.asked().size() < 3) {
    std::this_thread::yield();
  }
  open = true;
  service.AwaitAcknowledged(CursorOf(4));
  const Asked last = receiver.asked().back();
  EXPECT_EQ(last.headers.at("content-type"), "application/cloudevents-batch+json; charset=utf-8");
  EXPECT_EQ(last.headers.at("webhook-signature"), SignatureBy(kSecretBytes, last));
  EXPECT_THAT(last.headers.at("webhook-id"), MatchesRegex("batch_[0-9a-f]{32}"));
  const json events = json::parse(last.body);
  ASSERT_THAT(events, SizeIs(4));
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(WhyNoCloudEvent(events[i]), "");
    EXPECT_EQ(events[i]["id"], "event-" + std::to_string(i + 1));
  }
}

TEST(Webhook, ReceiverThatIsNotThere_IsAFailureThatMayPass) {
  std::string url;
  {
    HttpStandIn gone([](const Asked&) { return Answer{}; });
    url = gone.url();
  }
  config::WebhookSettings settings;
  settings.url = url;
  WebhookTarget target(settings);
  const CloudEvent event = ToCloudEvent(MakeEvent(1, "t"), {});
  const CloudEvent* const events[] = {&event};
  EXPECT_EQ(target.Send(events).at(0).kind, Outcome::Kind::kFailed);
}

TEST(Webhook, Stop_CutsARequestThatHangs) {
  std::mutex held;
  held.lock();
  HttpStandIn receiver([&held](const Asked&) {
    const std::lock_guard lock(held);
    return Answer{};
  });
  FakeEventService service;
  {
    RunningSink running(service, SinkOf(SinkYaml(Webhook(receiver, "timeout: 10m"))));
    service.Publish(MakeEvent(1, "t"));
    while (receiver.asked().empty()) std::this_thread::yield();
    running.sink->BeginStop();
    EXPECT_FALSE(running.sink->AwaitStopped(std::chrono::steady_clock::now()));
  }
  EXPECT_EQ(service.acknowledged(), "");
  held.unlock();
}

TEST(Webhook, AfterACrash_WhatWasNotAcknowledgedComesAgain) {
  HttpStandIn receiver([](const Asked&) { return Answer{}; });
  FakeEventService service;
  service.AnswerAcknowledge({grpc::StatusCode::UNAVAILABLE, "the crash comes before"});
  {
    RunningSink running(service, SinkOf(SinkYaml(Webhook(receiver))));
    service.Publish(MakeEvent(1, "t"));
    service.Publish(MakeEvent(2, "t"));
    while (running.series.delivered.Value() < 2) std::this_thread::yield();
    // Destroyed without having been stopped: nothing of it is left.
  }
  EXPECT_EQ(service.acknowledged(), "");
  service.AnswerAcknowledge(grpc::Status::OK);
  RunningSink again(service, SinkOf(SinkYaml(Webhook(receiver))));
  service.AwaitAcknowledged(CursorOf(2));
  EXPECT_THAT(IdsOf(receiver.asked()), ElementsAre("event-1", "event-2", "event-1", "event-2"));
}

}  // namespace
}  // namespace tasker::sinks
