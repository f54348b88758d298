#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "tests/cli/command_run.h"

namespace tasker::cli {
namespace {

using testing::HasSubstr;

v1::EventInfo OrderPaid() {
  v1::EventInfo event;
  event.set_name("order.paid");
  event.set_category("custom");
  event.set_description("The order was paid.");
  event.set_fired_when("A handler publishes it.");
  v1::EventField& amount = *event.add_fields();
  amount.set_name("amount");
  amount.set_type("number");
  amount.set_description("In euros.");
  v1::EventField& note = *event.add_fields();
  note.set_name("note");
  note.set_optional(true);
  event.set_example(R"({"amount":9007199254740993})");
  event.set_origin(v1::EVENT_ORIGIN_TEMPLATE);
  v1::EventDeclaration& by = *event.add_declarations();
  by.set_namespace_("shop");
  by.set_task_name("order");
  by.set_version("1.0.0");
  by.set_step_name("charge");
  by.set_schema(R"({"type":"object"})");
  return event;
}

TEST(EventsCatalog, ListsALineForEachEvent) {
  FakeServer server;
  v1::ListEventsRequest asked;
  server.answers().list_events = [&](const auto& request, auto* response) {
    asked = request;
    *response->add_events() = OrderPaid();
    v1::EventInfo& mirror = *response->add_events();
    mirror.set_name("workflow.step_completed");
    mirror.set_category("workflow");
    mirror.set_mirrors("step.completed");
    mirror.set_description("A step is done.");
    return grpc::Status::OK;
  };
  const auto result = RunCommand(server, {"events", "catalog", "--category", "custom", "--name",
                                          "order.*", "--namespace", "shop"});
  FakeServer::SeeAnswers();
  EXPECT_EQ(result.code, ExitCode::kOk);
  EXPECT_EQ(result.out,
            "NAME                     CATEGORY  FROM                      FIELDS         "
            "DESCRIPTION\n"
            "order.paid               custom    templates                 amount, note?  "
            "The order was paid.\n"
            "workflow.step_completed  workflow  mirror of step.completed  -              "
            "A step is done.\n");
  EXPECT_EQ(asked.category(), "custom");
  EXPECT_EQ(asked.name(), "order.*");
  EXPECT_EQ(asked.namespace_(), "shop");
}

TEST(EventsCatalog, ShowsAllAboutOne) {
  FakeServer server;
  server.answers().get_event_info = [&](const v1::GetEventInfoRequest& request,
                                        v1::GetEventInfoResponse* response) {
    EXPECT_EQ(request.name(), "order.paid");
    *response->mutable_event() = OrderPaid();
    return grpc::Status::OK;
  };
  const auto result = RunCommand(server, {"events", "catalog", "order.paid"});
  EXPECT_EQ(result.code, ExitCode::kOk);
  EXPECT_EQ(result.out,
            "order.paid (custom)\n"
            "What: The order was paid.\n"
            "When: A handler publishes it.\n"
            "\n"
            "FIELD   TYPE    OPTIONAL  MEANING\n"
            "amount  number  no        In euros.\n"
            "note    any     yes       -\n"
            "\n"
            "Example: {\"amount\":9007199254740993}\n"
            "\n"
            "NAMESPACE  TEMPLATE  VERSION  STEP    SCHEMA\n"
            "shop       order     1.0.0    charge  {\"type\":\"object\"}\n");
  const auto json = RunCommand(server, {"events", "catalog", "order.paid", "--output", "json"});
  EXPECT_EQ(nlohmann::json::parse(json.out)["event"]["declarations"][0]["schema"]["type"],
            "object");
  EXPECT_THAT(json.out, HasSubstr("9007199254740993"));
}

TEST(EventsCatalog, SaysWhichNameWasMeant) {
  FakeServer server;
  server.answers().get_event_info = [](const auto&, auto*) {
    return grpc::Status(grpc::StatusCode::NOT_FOUND, "no event \"x\"; did you mean `y`?");
  };
  const auto result = RunCommand(server, {"events", "catalog", "x"});
  EXPECT_EQ(result.code, ExitCode::kRefused);
  EXPECT_THAT(result.err, HasSubstr("did you mean `y`?"));
}

TEST(EventsCatalog, TakesANameOrAFilter) {
  EXPECT_EQ(RunCommand({"events", "catalog", "task.failed", "--category", "task"}).code,
            ExitCode::kUsage);
}

}  // namespace
}  // namespace tasker::cli
