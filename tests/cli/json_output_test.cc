#include "clients/cli/json_output.h"

#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "tasker/v1/event_service.pb.h"
#include "tasker/v1/handler_service.pb.h"
#include "tasker/v1/task_service.pb.h"
#include "tasker/v1/template_service.pb.h"
#include "tests/cli/task_builder.h"

namespace tasker::cli {
namespace {

std::string Line(const google::protobuf::Message& message) {
  return ToJson(message, JsonLayout::kLine).value_or("failed");
}

TEST(ToJson, UsesProtobufsNamesForFieldsAndEnumsAndTimes) {
  const auto json = nlohmann::json::parse(Line(MakeTask(
      v1::TASK_STATE_COMPLETE,
      {StepBuilder("fetch", v1::STEP_STATE_COMPLETE).Ran(absl::Seconds(1), absl::Seconds(2))})));
  EXPECT_EQ(json["taskId"], kTaskId);
  EXPECT_EQ(json["state"], "TASK_STATE_COMPLETE");
  EXPECT_EQ(json["createdAt"], "2025-03-01T09:30:00Z");
  EXPECT_EQ(json["steps"][0]["startedAt"], "2025-03-01T09:30:01Z");
  EXPECT_EQ(json["steps"][0]["attempts"], 1);
}

TEST(ToJson, IncludesFieldsWithoutAValueSoThatScriptsFindThem) {
  const auto json = nlohmann::json::parse(Line(v1::ListTasksResponse()));
  EXPECT_EQ(json, nlohmann::json::parse(R"({"tasks": [], "nextPageToken": ""})"));
}

TEST(ToJson, ShowsPayloadsAsTheJsonTheyHold) {
  v1::Event event;
  event.set_payload(R"({"items": [1, {"a": "b"}]})");
  EXPECT_NE(Line(event).find(R"("payload":{"items":[1,{"a":"b"}]})"), std::string::npos);
}

TEST(ToJson, KeepsEveryDigitOfNumbersInPayloads) {
  v1::Event event;
  event.set_payload(
      R"([9007199254740993, 18446744073709551615, -9223372036854775808, 123456789012345678901234567890, 1.10, 1e2])");
  EXPECT_NE(Line(event).find("[9007199254740993,18446744073709551615,-9223372036854775808,"
                             "123456789012345678901234567890,1.10,1e2]"),
            std::string::npos);
}

TEST(ToJson, Keeps64BitFieldsWholeAsTheMappingsStrings) {
  v1::CreateTaskResponse response;
  response.mutable_position()->set_sequence(18446744073709551615ULL);
  EXPECT_NE(Line(response).find(R"("sequence":"18446744073709551615")"), std::string::npos);
}

TEST(ToJson, ShowsMissingPayloadsAsNullAndBrokenOnesAsText) {
  v1::Event event;
  EXPECT_NE(Line(event).find(R"("payload":null)"), std::string::npos);
  event.set_payload("{broken \xff");
  EXPECT_NE(Line(event).find("\"payload\":\"{broken \xef\xbf\xbd\""), std::string::npos);
}

TEST(ToJson, ShowsATemplatesSourceAsTextEvenIfItIsJson) {
  v1::GetTemplateResponse response;
  response.set_source("{\"name\": \"x\"}\n");
  EXPECT_NE(Line(response).find(R"("source":"{\"name\": \"x\"}\n")"), std::string::npos);
}

TEST(ToJson, ShowsPayloadsInsideLists) {
  v1::GetTaskResponse response;
  *response.mutable_task() = MakeTask(
      v1::TASK_STATE_COMPLETE, {StepBuilder("a", v1::STEP_STATE_COMPLETE).Results("[1]"),
                                StepBuilder("b", v1::STEP_STATE_COMPLETE).Results("{\"x\":2}")});
  const auto json = nlohmann::json::parse(Line(response));
  EXPECT_EQ(json["task"]["steps"][0]["results"], nlohmann::json::array({1}));
  EXPECT_EQ(json["task"]["steps"][1]["results"]["x"], 2);
}

TEST(ToJson, ShowsMaps) {
  v1::ConnectedHandler handler;
  (*handler.mutable_labels())["zone"] = "eu";
  EXPECT_NE(Line(handler).find(R"("labels":{"zone":"eu"})"), std::string::npos);
}

TEST(ToJson, TellsOfTimesThatProtobufForbids) {
  v1::Event event;
  event.mutable_timestamp()->set_seconds(1LL << 60);
  EXPECT_EQ(ToJson(event, JsonLayout::kLine).status().code(), absl::StatusCode::kInternal);
}

TEST(LayOutJson, IndentsDocuments) {
  EXPECT_EQ(LayOutJson(R"({"a":[1,{"b":"c"}],"d":{},"e":[ ]})", JsonLayout::kDocument),
            "{\n"
            "  \"a\": [\n"
            "    1,\n"
            "    {\n"
            "      \"b\": \"c\"\n"
            "    }\n"
            "  ],\n"
            "  \"d\": {},\n"
            "  \"e\": []\n"
            "}");
}

TEST(LayOutJson, PutsLinesOnOneLineAndLeavesStringsAlone) {
  EXPECT_EQ(LayOutJson("{ \"a, {b}\\\"\\\\\" :\n [true ,\tnull] }", JsonLayout::kLine),
            R"({"a, {b}\"\\":[true,null]})");
}

TEST(LayOutJson, EscapesControlsThatJsonAllows) {
  EXPECT_EQ(LayOutJson("[\"\xc2\x9b\x7f\xe2\x80\xae\"]", JsonLayout::kLine),
            R"(["\u009b\u007f\u202e"])");
}

TEST(LayOutJson, BearsDepthWithoutRecursion) {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_EQ(LayOutJson(deep, JsonLayout::kLine), deep);
  v1::Event event;
  event.set_payload(deep);
  EXPECT_NE(Line(event).find(deep), std::string::npos);
}

TEST(PayloadText, FallsBackToEscapedText) {
  EXPECT_EQ(PayloadText("{ \"a\" : 1 }"), R"({"a":1})");
  EXPECT_EQ(PayloadText("no\njson"), "no\\njson");
}

}  // namespace
}  // namespace tasker::cli
