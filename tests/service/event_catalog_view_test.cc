#include "service/events/event_catalog_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/memory_store.h"

namespace tasker::service {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kOrder[] = R"(
name: order
namespace_name: shop
version: VERSION
task_handler_class: T
custom_events:
  - {name: audited, description: Somebody looked.}
step_templates:
  - name: charge
    handler_class: C
    custom_events:
      - name: order.paid
        description: The order was paid.
        schema:
          type: object
          required: [amount]
          additionalProperties: false
          properties:
            amount: {type: [number, "null"], description: In euros.}
            note: {type: string}
          examples: [{amount: 7}]
)";

class EventCatalogView : public testing::Test {
 protected:
  EventCatalogView() {
    std::vector<std::string> problems;
    registry_ = *TemplateRegistry::Open(&store_, "test", config::EnvironmentVariables(), problems);
    declared_ = std::make_unique<DeclaredEvents>(registry_.get());
  }

  void Apply(std::string version) {
    std::string text = kOrder;
    text.replace(text.find("VERSION"), 7, version);
    ASSERT_TRUE(registry_->Apply(text, "order.yaml").ok());
  }

  std::vector<std::string> Names(const v1::ListEventsRequest& request) {
    const auto response = ListEvents(request, *declared_->Now());
    EXPECT_TRUE(response.ok()) << response.status();
    std::vector<std::string> names;
    for (const v1::EventInfo& event : response->events()) names.push_back(event.name());
    return names;
  }

  absl::StatusOr<v1::GetEventInfoResponse> Get(const std::string& name) {
    v1::GetEventInfoRequest request;
    request.set_name(name);
    return GetEventInfo(request, *declared_->Now());
  }

  engine::PublishedEvent Event(std::string name, std::string payload) {
    return {std::move(name), engine::MakePayload(std::move(payload))};
  }

  storage::MemoryStore store_;
  std::unique_ptr<TemplateRegistry> registry_;
  std::unique_ptr<DeclaredEvents> declared_;
};

TEST_F(EventCatalogView, ListsTheServicesOwnAndThenThoseThatTemplatesDeclare) {
  EXPECT_EQ(Names({}).back(), "custom.step_completed");
  Apply("1.0.0");
  const std::vector<std::string> names = Names({});
  ASSERT_GT(names.size(), 25u);
  EXPECT_EQ(names.front(), "task.initialize_requested");
  EXPECT_EQ(names[names.size() - 2], "custom.audited");
  EXPECT_EQ(names.back(), "order.paid");
}

TEST_F(EventCatalogView, ListsWhatMatchesAlsoByAnotherName) {
  Apply("1.0.0");
  v1::ListEventsRequest request;
  request.set_name("*.started");
  EXPECT_THAT(Names(request), ElementsAre("task.start_requested", "step.execution_requested"));
  request.Clear();
  request.set_category("custom");
  request.set_namespace_("shop");
  EXPECT_THAT(Names(request), ElementsAre("custom.step_completed", "custom.audited", "order.paid"));
  request.set_namespace_("elsewhere");
  EXPECT_THAT(Names(request), ElementsAre("custom.step_completed"));
}

TEST_F(EventCatalogView, RefusesWhatCannotMatch) {
  v1::ListEventsRequest request;
  request.set_category("taks");
  EXPECT_THAT(std::string(ListEvents(request, {}).status().message()),
              HasSubstr("category: \"taks\" is not one of task, step, workflow"));
  request.Clear();
  request.set_name("Order Paid");
  EXPECT_EQ(ListEvents(request, {}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(EventCatalogView, TellsOfADeclaredEventWhatItsNewestSchemaSays) {
  Apply("1.0.0");
  Apply("1.1.0");
  const auto response = Get("order.paid");
  ASSERT_TRUE(response.ok()) << response.status();
  const v1::EventInfo& event = response->event();
  EXPECT_EQ(event.origin(), v1::EVENT_ORIGIN_TEMPLATE);
  EXPECT_EQ(event.description(), "The order was paid.");
  EXPECT_FALSE(event.open());
  EXPECT_EQ(event.example(), R"({"amount":7})");
  ASSERT_THAT(event.fields(), SizeIs(2));
  EXPECT_EQ(event.fields(0).name(), "amount");
  EXPECT_EQ(event.fields(0).type(), "number");
  EXPECT_FALSE(event.fields(0).optional());
  EXPECT_TRUE(event.fields(1).optional());
  ASSERT_THAT(event.declarations(), SizeIs(2));
  EXPECT_EQ(event.declarations(1).version(), "1.1.0");
  EXPECT_EQ(event.declarations(1).step_name(), "charge");
  EXPECT_THAT(event.declarations(1).schema(), HasSubstr("\"required\":[\"amount\"]"));
}

TEST_F(EventCatalogView, CountsAOneWordNameOfATemplateBehindCustom) {
  Apply("1.0.0");
  const auto response = Get("custom.audited");
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_TRUE(response->event().open());
  EXPECT_THAT(response->event().fields(), IsEmpty());
  EXPECT_EQ(response->event().declarations(0).step_name(), "");
}

TEST_F(EventCatalogView, FindsByAnotherNameAndNamesTheNearest) {
  EXPECT_EQ(Get("step.started")->event().name(), "step.execution_requested");
  EXPECT_EQ(Get("").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(Get("task.complete").status().message()),
              HasSubstr("did you mean `task.completed`?"));
  EXPECT_EQ(Get("order.pald").status().code(), absl::StatusCode::kNotFound);
  Apply("1.0.0");
  EXPECT_THAT(std::string(Get("order.pald").status().message()),
              HasSubstr("did you mean `order.paid`?"));
  EXPECT_THAT(std::string(Get("workflow.no_viable_steps").status().message()),
              HasSubstr("the Rails engine's"));
}

TEST_F(EventCatalogView, AnEventOfNoTaskMustBeAsSomeTemplateDeclaresIt) {
  const auto check = [&](std::string name, std::string payload, bool only_declared) {
    return declared_->Check(Event(std::move(name), std::move(payload)), only_declared);
  };
  EXPECT_TRUE(check("order.paid", "{}", false).ok());
  EXPECT_EQ(check("order.paid", "{}", true).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(check("custom.step_completed", "{}", true).ok());
  Apply("1.0.0");
  EXPECT_TRUE(check("order.paid", R"({"amount": 7})", true).ok());
  const absl::Status broken = check("order.paid", R"({"amount": "7"})", false);
  EXPECT_EQ(broken.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(broken.message()), HasSubstr("/amount: "));
  EXPECT_THAT(std::string(check("order.pald", "{}", true).message()),
              HasSubstr("did you mean `order.paid`?"));
  EXPECT_TRUE(check("custom.audited", "{}", true).ok());
}

}  // namespace
}  // namespace tasker::service
