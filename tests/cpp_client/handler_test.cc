// What becomes of a handler's return value or exception.
#include <chrono>
#include <exception>
#include <limits>
#include <stdexcept>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "clients/cpp/src/attempt.h"
#include "clients/cpp/src/failure.h"
#include "clients/cpp/src/handler_registry.h"
#include "tests/cpp_client/fake_stream.h"

namespace payments {
class CardDeclined : public tasker::client::PermanentError {
 public:
  using PermanentError::PermanentError;
};
}  // namespace payments

namespace tasker::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::StatusOr<v1::Task> NoTask(const std::string&) { return absl::UnavailableError("no service"); }
const Sequence::TaskReader kNoTask = NoTask;

v1::StepResult Perform(const Handler& handler, const std::string& context = "{}") {
  return Attempt(MakeAssignment("t", "Echo", context), &handler, kNoTask).Perform();
}

template <typename Error>
v1::Failure FailureWhenThrowing(const Error& error) {
  return Perform(HandlerOf(ProcessFunction(
                     [&error](const Task&, const Sequence&, const Step&) -> Json { throw error; })))
      .failure();
}

class Doubling : public StepHandler {
 public:
  Json process(const Task& task, const Sequence&, const Step&) override {
    return task.context().at("n").get<int>() * 2;
  }
  void process_results(Step& step, Json process_output, const Json& initial_results) override {
    step.set_results({{"doubled", process_output}, {"before", initial_results}});
  }
};

TEST(Handler, Process_GivesItsReturnValueAsResults) {
  const auto result =
      Perform(HandlerOf(ProcessFunction([](const Task& task, const Sequence&, const Step& step) {
                return Json{{"order", task.context().at("order_id")}, {"step", step.name()}};
              })),
              R"({"order_id":9007199254740993})");
  EXPECT_EQ(result.token(), "t");
  EXPECT_EQ(result.success().results(), R"({"order":9007199254740993,"step":"the_step"})");
}

TEST(Handler, ProcessResults_MayMakeOtherResultsOfTheOutput) {
  const auto result = Perform(HandlerOf(std::make_shared<Doubling>()), R"({"n":21})");
  EXPECT_EQ(Json::parse(result.success().results()), Json({{"doubled", 42}, {"before", nullptr}}));
}

TEST(Handler, Raw_PassesTextThatIsNeverParsed) {
  const Handler raw = HandlerOf(RawFunction([](const Task& task, const Sequence&, const Step&) {
    return std::string(task.context_json());
  }));
  EXPECT_EQ(Perform(raw, "not { json").success().results(), "not { json");
}

TEST(Handler, Context_ThatIsNoJsonObjectFailsTheAttemptForGood) {
  for (const char* context : {"{", "[1]", "7", "{\"a\":\"\xff\"}"}) {
    const v1::Failure failure = Perform(HandlerOf(std::make_shared<Doubling>()), context).failure();
    EXPECT_EQ(failure.error_class(), "tasker::client::InvalidAssignmentError") << context;
    EXPECT_TRUE(failure.has_retryable() && !failure.retryable()) << context;
    EXPECT_THAT(failure.message(), HasSubstr("the task's context"));
  }
}

TEST(Handler, Context_OfManyLevelsIsRead) {
  std::string context = R"({"n":21,"deep":)";
  for (int i = 0; i < 500; ++i) context += "[";
  for (int i = 0; i < 500; ++i) context += "]";
  EXPECT_TRUE(Perform(HandlerOf(std::make_shared<Doubling>()), context + "}").has_success());
}

TEST(Handler, Exception_BecomesAFailureWithItsClassAndMessage) {
  const v1::Failure failure = FailureWhenThrowing(std::out_of_range("no such order"));
  EXPECT_EQ(failure.error_class(), "std::out_of_range");
  EXPECT_EQ(failure.message(), "no such order");
  EXPECT_FALSE(failure.has_retryable());
  EXPECT_FALSE(failure.has_retry_after());
}

TEST(Handler, RetryableError_CarriesItsDelay) {
  const v1::Failure failure =
      FailureWhenThrowing(RetryableError("busy", std::chrono::milliseconds(1500)));
  EXPECT_EQ(failure.error_class(), "tasker::client::RetryableError");
  EXPECT_TRUE(failure.retryable());
  EXPECT_EQ(failure.retry_after().seconds(), 1);
  EXPECT_EQ(failure.retry_after().nanos(), 500'000'000);
}

TEST(Handler, RetryableError_WithoutADelayLeavesItToTheTemplate) {
  EXPECT_FALSE(FailureWhenThrowing(RetryableError("busy")).has_retry_after());
}

TEST(Handler, PermanentError_KeepsTheNameOfADerivedClass) {
  const v1::Failure failure = FailureWhenThrowing(payments::CardDeclined("declined"));
  EXPECT_EQ(failure.error_class(), "payments::CardDeclined");
  EXPECT_TRUE(failure.has_retryable());
  EXPECT_FALSE(failure.retryable());
}

TEST(Handler, ThrownValue_ThatIsNoExceptionIsNamedByItsType) {
  EXPECT_EQ(FailureWhenThrowing(42).error_class(), "int");
}

TEST(Handler, Message_ThatIsNotUtf8IsMadeReadable) {
  EXPECT_EQ(FailureWhenThrowing(std::runtime_error("caf\xe9!")).message(), "caf\xEF\xBF\xBD!");
}

TEST(Handler, Message_IsCutToItsLimit) {
  const std::string message =
      FailureWhenThrowing(std::runtime_error(std::string(1 << 20, 'x'))).message();
  EXPECT_LT(message.size(), kFailureMessageBytesMax + 100);
  EXPECT_THAT(message, HasSubstr("(cut)"));
}

TEST(Handler, Results_ThatAreNotUtf8AreInvalid) {
  const v1::Failure failure =
      Perform(HandlerOf(ProcessFunction([](const Task&, const Sequence&, const Step&) {
        return Json("caf\xe9");
      }))).failure();
  EXPECT_EQ(failure.error_class(), "Tasker::InvalidResults");
  EXPECT_THAT(failure.message(), HasSubstr("UTF-8"));
}

TEST(Handler, Results_ThatJsonCannotHoldAreInvalidForGood) {
  Json deep;
  for (int i = 0; i < 5000; ++i) deep = Json::array({std::move(deep)});
  const double not_a_number = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  for (const Json& results :
       {Json{{"a", {1, not_a_number}}}, Json(-infinity), deep, Json(Json::value_t::discarded)}) {
    const v1::Failure failure =
        Perform(HandlerOf(ProcessFunction([&results](const Task&, const Sequence&, const Step&) {
          return results;
        }))).failure();
    EXPECT_EQ(failure.error_class(), "Tasker::InvalidResults");
    EXPECT_TRUE(failure.has_retryable() && !failure.retryable());
  }
}

TEST(Handler, Backtrace_SaysWhereOurErrorsWereMadeAndWhoseHandlerItWas) {
  const v1::Failure failure = FailureWhenThrowing(PermanentError("no"));
  EXPECT_THAT(failure.backtrace(), HasSubstr("handler_test.cc"));
  EXPECT_THAT(failure.backtrace(), HasSubstr("for Echo, step the_step"));
}

TEST(Handler, Backtrace_NamesWhatAnErrorIsNestedInFirst) {
  const Handler handler =
      HandlerOf(ProcessFunction([](const Task&, const Sequence&, const Step&) -> Json {
        try {
          throw std::out_of_range("the innermost");
        } catch (...) {
          std::throw_with_nested(RetryableError("the outer"));
        }
      }));
  EXPECT_THAT(Perform(handler).failure().backtrace(),
              ::testing::StartsWith("caused by std::out_of_range: the innermost\n"));
}

TEST(Handler, BusinessError_CarriesItsClassAndDetails) {
  const v1::Failure failure = FailureWhenThrowing(
      BusinessError("Payments::CardDeclined", "declined", {{"limit", 18446744073709551615ull}}));
  EXPECT_TRUE(failure.business());
  EXPECT_TRUE(failure.has_retryable() && !failure.retryable());
  EXPECT_EQ(failure.error_class(), "Payments::CardDeclined");
  EXPECT_EQ(failure.message(), "declined");
  EXPECT_EQ(failure.details(), R"({"limit":18446744073709551615})");
}

TEST(Handler, BusinessError_LeavesOutDetailsThatTheServiceWouldRefuse) {
  for (const Json& details : {Json{{"long", std::string(70'000, 'x')}}, Json{1, 2},
                              Json{{"n", std::numeric_limits<double>::infinity()}}}) {
    const v1::Failure failure = FailureWhenThrowing(BusinessError("Declined", "no", details));
    EXPECT_TRUE(failure.business());
    EXPECT_EQ(failure.details(), "");
    EXPECT_THAT(failure.message(), HasSubstr("details left out"));
  }
}

TEST(Handler, Deferral_TakesThePlaceOfTheResults) {
  const v1::StepResult result =
      Perform(HandlerOf(ProcessFunction([](const Task&, const Sequence&, const Step& step) -> Json {
        step.defer(std::chrono::milliseconds(1500));
        return std::numeric_limits<double>::quiet_NaN();
      })));
  ASSERT_TRUE(result.has_deferred());
  EXPECT_EQ(result.deferred().timeout().seconds(), 1);
  EXPECT_EQ(result.deferred().timeout().nanos(), 500'000'000);
}

TEST(Handler, Deferral_OfAnAttemptThatThrowsDoesNotCount) {
  const v1::StepResult result =
      Perform(HandlerOf(ProcessFunction([](const Task&, const Sequence&, const Step& step) -> Json {
        step.defer();
        throw std::runtime_error("after all not");
      })));
  EXPECT_EQ(result.failure().message(), "after all not");
}

TEST(Handler, Events_GoWithTheResult) {
  const v1::StepResult result =
      Perform(HandlerOf(ProcessFunction([](const Task&, const Sequence&, const Step& step) {
        step.publish("order.paid", {{"cents", 100}});
        step.publish("order.done");
        return Json(1);
      })));
  ASSERT_EQ(result.events_size(), 2);
  EXPECT_EQ(result.events(0).name(), "order.paid");
  EXPECT_EQ(result.events(0).payload(), R"({"cents":100})");
  EXPECT_EQ(result.events(1).payload(), "{}");
}

TEST(Handler, Events_ThatTheServiceWouldRefuseFailTheAttemptForGood) {
  const auto failure_of = [](const std::string& name, const Json& payload) {
    return Perform(HandlerOf(
                       ProcessFunction([&](const Task&, const Sequence&, const Step& step) -> Json {
                         step.publish(name, payload);
                         return 1;
                       })))
        .failure();
  };
  for (const char* name : {"", "paid", "Order.paid", "order..paid", "order.", ".paid",
                           "order paid.x", "1order.paid"}) {
    EXPECT_EQ(failure_of(name, Json::object()).error_class(), "Tasker::InvalidEvent") << name;
  }
  EXPECT_EQ(failure_of(std::string(126, 'a') + ".bc", Json::object()).error_class(),
            "Tasker::InvalidEvent");
  EXPECT_EQ(failure_of("order.paid", Json{1}).error_class(), "Tasker::InvalidEvent");
  EXPECT_EQ(failure_of("order.paid", {{"x", std::string(70'000, 'x')}}).error_class(),
            "Tasker::InvalidEvent");
}

TEST(Handler, Checkpoint_ThatIsTooLongFailsTheAttemptForGood) {
  const v1::Failure failure =
      Perform(HandlerOf(ProcessFunction([](const Task&, const Sequence&, const Step& step) -> Json {
        step.checkpoint(std::string(70'000, 'x'));
        return 1;
      }))).failure();
  EXPECT_EQ(failure.error_class(), "Tasker::InvalidCheckpoint");
  EXPECT_FALSE(failure.retryable());
}

TEST(Handler, CancelledBeforeItBegins_IsNotCalled) {
  bool called = false;
  const Handler handler =
      HandlerOf(RawFunction([&called](const Task&, const Sequence&, const Step&) {
        called = true;
        return std::string();
      }));
  Attempt attempt(MakeAssignment("t"), &handler, kNoTask);
  attempt.Cancel("too late");
  const v1::StepResult result = attempt.Perform();
  EXPECT_EQ(result.failure().error_class(), "Tasker::Cancelled");
  EXPECT_THAT(result.failure().message(), HasSubstr("too late"));
  EXPECT_FALSE(result.failure().retryable());
  EXPECT_FALSE(called);
}

TEST(Handler, Missing_IsAFailureThatNamesTheClass) {
  const v1::StepResult result =
      Attempt(MakeAssignment("t", "Nobody::Knows"), {}, kNoTask).Perform();
  EXPECT_THAT(result.failure().message(), HasSubstr("Nobody::Knows"));
  EXPECT_TRUE(result.failure().has_retryable());
  EXPECT_FALSE(result.failure().retryable());
}

// A registry in which every handler answers with its own scope.
std::string ScopeFoundFor(const std::string& namespace_name, const std::string& version) {
  HandlerRegistry registry;
  for (const HandlerScope& scope : {HandlerScope{}, HandlerScope{"shop", ""},
                                    HandlerScope{"", "2.0.0"}, HandlerScope{"shop", "1.0.0"}}) {
    registry.Add("Echo", scope,
                 HandlerOf(RawFunction([scope](const Task&, const Sequence&, const Step&) {
                   return scope.namespace_name + "@" + scope.version;
                 })));
  }
  v1::Assignment assignment = MakeAssignment("t");
  assignment.set_namespace_(namespace_name);
  assignment.set_version(version);
  return Attempt(assignment, registry.Find(assignment), kNoTask).Perform().success().results();
}

TEST(HandlerRegistry, Find_PrefersTheNarrowestScope) {
  EXPECT_EQ(ScopeFoundFor("shop", "1.0.0"), "shop@1.0.0");
  EXPECT_EQ(ScopeFoundFor("shop", "2.0.0"), "shop@");
  EXPECT_EQ(ScopeFoundFor("other", "2.0.0"), "@2.0.0");
  EXPECT_EQ(ScopeFoundFor("other", "1.0.0"), "@");
}

std::string Nothing(const Task&, const Sequence&, const Step&) { return ""; }

TEST(HandlerRegistry, Describe_GivesTheWorkersNamespaceToThoseWithoutOne) {
  HandlerRegistry registry;
  registry.Add("A", {}, HandlerOf(RawFunction(Nothing)));
  registry.Add("B", {.namespace_name = "shop"}, HandlerOf(RawFunction(Nothing)));
  registry.AddTaskHandler("C", {}, std::make_shared<TaskHandler>());
  v1::Register registration;
  registry.Describe("billing", registration);
  EXPECT_EQ(registration.handler_classes(0).namespace_(), "billing");
  EXPECT_EQ(registration.handler_classes(1).namespace_(), "shop");
  EXPECT_EQ(registration.task_handler_classes(0).namespace_(), "billing");
}

TEST(HandlerRegistry, Find_GivesNothingOutsideEveryScope) {
  HandlerRegistry registry;
  registry.Add("Echo", {"shop", ""}, HandlerOf(RawFunction(Nothing)));
  EXPECT_EQ(registry.Find(MakeAssignment("t")).handler, nullptr);
  EXPECT_EQ(registry.Find(MakeAssignment("t", "Other")).handler, nullptr);
}

TEST(HandlerRegistry, Add_ReplacesTheSameScopeAndKeepsOthers) {
  HandlerRegistry registry;
  const Handler handler = HandlerOf(RawFunction(Nothing));
  registry.Add("Echo", {"", "", 3}, handler);
  registry.Add("Echo", {"", "", 7}, handler);
  registry.Add("Echo", {"shop", "", 1}, handler);
  v1::Register registration;
  registry.Describe("", registration);
  std::vector<std::uint32_t> concurrencies;
  for (const auto& each : registration.handler_classes()) {
    concurrencies.push_back(each.concurrency());
  }
  EXPECT_THAT(concurrencies, ElementsAre(7, 1));
}

}  // namespace
}  // namespace tasker::client
