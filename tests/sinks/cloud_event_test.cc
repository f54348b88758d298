#include "clients/sinks/cloud_event.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <nlohmann/json.hpp>

#include "tests/sinks/cloud_event_check.h"
#include "tests/sinks/fake_event_service.h"

namespace tasker::sinks {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

json Parsed(const v1::Event& event, const config::CloudEventSettings& settings = {}) {
  const CloudEvent made = ToCloudEvent(event, settings);
  EXPECT_EQ(made.json.find('\n'), std::string::npos);
  const json parsed = json::parse(made.json);
  EXPECT_EQ(WhyNoCloudEvent(parsed), "") << made.json;
  return parsed;
}

TEST(CloudEvent, Attributes_TellWhatTheEventTells) {
  v1::Event event = MakeEvent(42, "task-1");
  event.set_trace_id("4bf92f3577b34da6a3ce929d0e0e4736");
  const json parsed = Parsed(event);
  const std::string traceparent = parsed["traceparent"];
  EXPECT_EQ(parsed, (json{{"specversion", "1.0"},
                          {"id", "event-42"},
                          {"source", "/tasker/payments"},
                          {"type", "tasker.step.completed"},
                          {"subject", "task-1"},
                          {"time", "2023-11-14T22:14:02.123456Z"},
                          {"datacontenttype", "application/json"},
                          {"taskid", "task-1"},
                          {"taskname", "order_process"},
                          {"tasknamespace", "payments"},
                          {"taskversion", "1.2.0"},
                          {"stepid", "step-of-task-1"},
                          {"stepname", "charge"},
                          {"attempt", 2},
                          {"sequence", "00000000000000000042"},
                          {"cursor", "0-42-0"},
                          {"partitionkey", "task-1"},
                          {"traceparent", traceparent},
                          {"data", {{"execution_duration", 0.5}}}}));
  EXPECT_THAT(traceparent,
              ::testing::MatchesRegex("00-4bf92f3577b34da6a3ce929d0e0e4736-[0-9a-f]+-01"));
  EXPECT_EQ(traceparent.size(), 55u);
  EXPECT_EQ(Parsed(event)["traceparent"], traceparent) << "the same at each attempt";
}

TEST(CloudEvent, WhatIsNotConcerned_IsLeftOut) {
  v1::Event event;
  event.set_event_id("e");
  event.set_name("handler.registered");
  const json parsed = Parsed(event);
  EXPECT_EQ(parsed, (json{{"specversion", "1.0"},
                          {"id", "e"},
                          {"source", "/tasker"},
                          {"type", "tasker.handler.registered"},
                          {"datacontenttype", "application/json"},
                          {"data", json::object()}}));
}

TEST(CloudEvent, Settings_ChangeSourceAndType) {
  const json parsed = Parsed(MakeEvent(1, "t"), {"https://tasker.example", "com.example."});
  EXPECT_EQ(parsed["source"], "https://tasker.example/payments");
  EXPECT_EQ(parsed["type"], "com.example.step.completed");
}

TEST(CloudEvent, Namespace_IsAPartOfAUri) {
  v1::Event event = MakeEvent(1, "t");
  event.set_namespace_("a b/ü");
  EXPECT_EQ(Parsed(event)["source"], "/tasker/a%20b%2F%C3%BC");
}

TEST(CloudEvent, Payload_KeepsItsDigitsAndIsOneLine) {
  const std::string payload = "{\n  \"id\": 12345678901234567890123,\r\n  \"t\": \"a\\nb\"\n}";
  const CloudEvent made = ToCloudEvent(MakeEvent(1, "t", "order.paid", payload), {});
  EXPECT_THAT(made.json, HasSubstr("12345678901234567890123"));
  EXPECT_EQ(made.json.find('\n'), std::string::npos);
  EXPECT_EQ(made.json.find('\r'), std::string::npos);
  EXPECT_EQ(json::parse(made.json)["data"]["t"], "a\nb");
}

TEST(CloudEvent, Payload_ThatIsNoJsonIsKeptAsBytes) {
  const json parsed = Parsed(MakeEvent(1, "t", "order.paid", "}not JSON{"));
  EXPECT_FALSE(parsed.contains("data"));
  EXPECT_EQ(parsed["data_base64"], "fW5vdCBKU09Oew==");
}

TEST(CloudEvent, Texts_AreEscaped) {
  v1::Event event = MakeEvent(1, "t");
  event.set_step_name("quote \" and \xff");
  EXPECT_EQ(Parsed(event)["stepname"], "quote \" and \xEF\xBF\xBD");
}

TEST(CloudEvent, TraceIds_ThatAreNoneAreLeftOut) {
  for (const char* id : {"", "short", "00000000000000000000000000000000",
                         "4BF92F3577B34DA6A3CE929D0E0E4736", "4bf92f3577b34da6a3ce929d0e0e473\n"}) {
    v1::Event event = MakeEvent(1, "t");
    event.set_trace_id(id);
    EXPECT_FALSE(Parsed(event).contains("traceparent")) << id;
  }
}

TEST(CloudEvent, Parsing_GivesBackWhatWasWritten) {
  const CloudEvent made = ToCloudEvent(MakeEvent(7, "task-7"), {});
  const auto parsed = ParseCloudEvent(made.json, {});
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->id, made.id);
  EXPECT_EQ(parsed->name, "step.completed");
  EXPECT_EQ(parsed->task_id, "task-7");
  EXPECT_EQ(parsed->namespace_name, "payments");
  EXPECT_EQ(parsed->task_name, "order_process");
  EXPECT_EQ(parsed->json, made.json);
}

TEST(CloudEvent, Parsing_SaysWhatIsWrong) {
  EXPECT_THAT(ParseCloudEvent("[1]", {}).status().message(), HasSubstr("no JSON object"));
  EXPECT_THAT(ParseCloudEvent("{\"specversion\":\"0.3\"}", {}).status().message(),
              HasSubstr("specversion"));
  EXPECT_THAT(ParseCloudEvent("{\"specversion\":\"1.0\",\"id\":\"\"}", {}).status().message(),
              HasSubstr("`id`"));
}

}  // namespace
}  // namespace tasker::sinks
