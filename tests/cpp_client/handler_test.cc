// What becomes of a handler's return value or exception.
#include <chrono>
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
  const Handler raw = [](const Task& task, const Sequence&, const Step&) {
    return std::string(task.context_json());
  };
  EXPECT_EQ(Perform(raw, "not { json").success().results(), "not { json");
}

TEST(Handler, Context_ThatIsNotJsonFailsTheAttempt) {
  const v1::Failure failure = Perform(HandlerOf(std::make_shared<Doubling>()), "{").failure();
  EXPECT_THAT(failure.error_class(), HasSubstr("parse_error"));
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

TEST(Handler, CancelledBeforeItBegins_IsNotCalled) {
  bool called = false;
  const Handler handler = [&called](const Task&, const Sequence&, const Step&) {
    called = true;
    return std::string();
  };
  Attempt attempt(MakeAssignment("t"), &handler, kNoTask);
  attempt.Cancel();
  const v1::StepResult result = attempt.Perform();
  EXPECT_EQ(result.failure().error_class(), "Tasker::Cancelled");
  EXPECT_FALSE(result.failure().retryable());
  EXPECT_FALSE(called);
}

TEST(Handler, Missing_IsAFailureThatNamesTheClass) {
  const v1::StepResult result =
      Attempt(MakeAssignment("t", "Nobody::Knows"), nullptr, kNoTask).Perform();
  EXPECT_THAT(result.failure().message(), HasSubstr("Nobody::Knows"));
}

// A registry in which every handler answers with its own scope.
std::string ScopeFoundFor(const std::string& namespace_name, const std::string& version) {
  HandlerRegistry registry;
  for (const HandlerScope& scope : {HandlerScope{}, HandlerScope{"shop", ""},
                                    HandlerScope{"", "2.0.0"}, HandlerScope{"shop", "1.0.0"}}) {
    registry.Add("Echo", scope, [scope](const Task&, const Sequence&, const Step&) {
      return scope.namespace_name + "@" + scope.version;
    });
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

TEST(HandlerRegistry, Find_GivesNothingOutsideEveryScope) {
  HandlerRegistry registry;
  registry.Add("Echo", {"shop", ""}, [](const Task&, const Sequence&, const Step&) { return ""; });
  EXPECT_EQ(registry.Find(MakeAssignment("t")), nullptr);
  EXPECT_EQ(registry.Find(MakeAssignment("t", "Other")), nullptr);
}

TEST(HandlerRegistry, Add_ReplacesTheSameScopeAndKeepsOthers) {
  HandlerRegistry registry;
  const auto handler = [](const Task&, const Sequence&, const Step&) { return ""; };
  registry.Add("Echo", {"", "", 3}, handler);
  registry.Add("Echo", {"", "", 7}, handler);
  registry.Add("Echo", {"shop", "", 1}, handler);
  v1::Register registration;
  registry.Describe(registration);
  std::vector<std::uint32_t> concurrencies;
  for (const auto& each : registration.handler_classes()) {
    concurrencies.push_back(each.concurrency());
  }
  EXPECT_THAT(concurrencies, ElementsAre(7, 1));
}

}  // namespace
}  // namespace tasker::client
