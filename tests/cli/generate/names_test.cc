#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "clients/cli/generate/handler_name.h"
#include "clients/cli/generate/inflection.h"

namespace tasker::cli::generate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr Language kRuby = Language::kRuby;

struct Spelling {
  std::string given;
  std::string camel;
  std::string snake;
};

TEST(Inflection, FollowsRails) {
  const std::vector<Spelling> spellings = {
      {"OrderProcess", "OrderProcess", "order_process"},
      {"order_process", "OrderProcess", "order_process"},
      {"order-process", "OrderProcess", "order_process"},
      {"HTTPFetch", "HTTPFetch", "http_fetch"},
      {"FetchHTTP", "FetchHTTP", "fetch_http"},
      {"http_fetch", "HttpFetch", "http_fetch"},
      {"OAuth2Token", "OAuth2Token", "o_auth2_token"},
      {"Stage2", "Stage2", "stage2"},
      {"A", "A", "a"},
      {"orderProcess", "OrderProcess", "order_process"},
  };
  for (const Spelling& spelling : spellings) {
    EXPECT_EQ(Camel(spelling.given), spelling.camel) << spelling.given;
    EXPECT_EQ(Snake(spelling.given), spelling.snake) << spelling.given;
  }
  EXPECT_EQ(Kebab("OrderProcess"), "order-process");
  EXPECT_EQ(Flat("OrderProcess"), "orderprocess");
}

TEST(Inflection, KnowsWhatALoaderWouldNotFind) {
  EXPECT_TRUE(SurvivesInflection("OrderProcess"));
  EXPECT_TRUE(SurvivesInflection("Stage2"));
  EXPECT_FALSE(SurvivesInflection("HTTPFetch"));
}

TEST(HandlerName, ReadsTasksInAnySpelling) {
  for (const char* text : {"Shop::OrderProcess", "shop::order_process", "shop::order-process"}) {
    const auto name = ReadTaskName(text, kRuby);
    ASSERT_TRUE(name.ok()) << name.status();
    EXPECT_EQ(name->Full(), "Shop::OrderProcess");
    EXPECT_EQ(name->Snake(), "order_process");
    EXPECT_THAT(name->Parts(), ElementsAre("Shop", "OrderProcess"));
  }
}

TEST(HandlerName, ReadsStepsWithAndWithoutTheirSuffixes) {
  for (const char* text :
       {"OrderProcess::ProcessData", "OrderProcess::ProcessDataHandler",
        "OrderProcess::StepHandler::ProcessDataHandler", "order_process::process_data"}) {
    const auto name = ReadStepName(text, kRuby);
    ASSERT_TRUE(name.ok()) << name.status();
    EXPECT_EQ(name->Full(), "OrderProcess::StepHandler::ProcessDataHandler");
    EXPECT_EQ(name->Snake(), "process_data");
  }
  const auto deep = ReadStepName("Shop::OrderProcess::HTTPFetch", kRuby);
  ASSERT_TRUE(deep.ok()) << deep.status();
  EXPECT_EQ(deep->Full(), "Shop::OrderProcess::StepHandler::HTTPFetchHandler");
  EXPECT_EQ(deep->Snake(), "http_fetch");
}

TEST(HandlerName, ReadsSubscribersWithAndWithoutTheirSuffix) {
  for (const char* text : {"notification", "Notification", "NotificationSubscriber"}) {
    const auto name = ReadSubscriberName(text, kRuby);
    ASSERT_TRUE(name.ok()) << name.status();
    EXPECT_EQ(name->ClassName(), "NotificationSubscriber");
  }
}

TEST(HandlerName, ReadsDependenciesAsTheTemplateNamesSteps) {
  EXPECT_EQ(ReadDependency("ProcessData").value(), "process_data");
  EXPECT_EQ(ReadDependency("process_data").value(), "process_data");
  EXPECT_FALSE(ReadDependency("Order::ProcessData").ok());
}

struct Fault {
  std::string text;
  std::string message;
};

TEST(HandlerName, RefusesWhatCanBeNoName) {
  const std::string longest(kNamePartBytesMax, 'a');
  EXPECT_TRUE(ReadTaskName(longest, kRuby).ok());
  const std::vector<Fault> faults = {
      {"", "a part of it is empty"},
      {"Order::", "a part of it is empty"},
      {"::Order", "a part of it is empty"},
      {"A::::B", "a part of it is empty"},
      {"Order:Process", "joined by `::`"},
      {"2Fast", "must begin with a letter"},
      {"_order", "must begin with a letter"},
      {"-order", "must begin with a letter"},
      {"order_", "must end with a letter or a digit"},
      {"order__process", "nothing between two of its `_`"},
      {"order_-process", "nothing between two of its `_`"},
      {"Bestell\xc3\xbc"
       "bersicht",
       "only ASCII letters"},
      {"order process", "only ASCII letters"},
      {"order\nprocess", "only ASCII letters"},
      {"{{x}}", "only ASCII letters"},
      {"../order", "it is a name, not a path"},
      {"order/process", "it is a name, not a path"},
      {"order\\process", "it is a name, not a path"},
      {"order.process", "it is a name, not a path"},
      {longest + "a", "at most 64 letters"},
      {"A::B::C::D::E", "at most 3 modules"},
  };
  for (const Fault& fault : faults) {
    const auto name = ReadTaskName(fault.text, kRuby);
    ASSERT_FALSE(name.ok()) << fault.text;
    EXPECT_THAT(std::string(name.status().message()), HasSubstr(fault.message)) << fault.text;
    EXPECT_FALSE(ReadSubscriberName(fault.text, kRuby).ok()) << fault.text;
  }
}

TEST(HandlerName, AStepNeedsItsTaskAndASubscriberHasNoModule) {
  EXPECT_THAT(std::string(ReadStepName("ProcessData", kRuby).status().message()),
              HasSubstr("named with its task, as in `OrderProcess::ProcessData`"));
  EXPECT_THAT(std::string(ReadSubscriberName("A::B", kRuby).status().message()),
              HasSubstr("in no module"));
  const TaskName task{.modules = {}, .class_name = "OrderProcess"};
  EXPECT_EQ(ReadStepOf(task, "process_data", kRuby)->Full(),
            "OrderProcess::StepHandler::ProcessDataHandler");
  EXPECT_FALSE(ReadStepOf(task, "Order::ProcessData", kRuby).ok());
}

TEST(HandlerName, RefusesWordsThatALanguageKeepsAndNoOthers) {
  struct Kept {
    std::string text;
    Language language;
    std::string by;
  };
  const std::vector<Kept> kept = {{"Object", Language::kRuby, "by Ruby"},
                                  {"Class", Language::kPython, "by Python"},
                                  {"Import::X", Language::kPython, "by Python"},
                                  {"Promise", Language::kTypeScript, "JavaScript"},
                                  {"Func", Language::kGo, "by Go"},
                                  {"Internal::X", Language::kGo, "by Go"},
                                  {"Namespace", Language::kCpp, "by C++"},
                                  {"CoAwait", Language::kCpp, "by C++"}};
  for (const Kept& word : kept) {
    const auto name = ReadTaskName(word.text, word.language);
    ASSERT_FALSE(name.ok()) << word.text;
    EXPECT_THAT(std::string(name.status().message()), HasSubstr(word.by));
  }
  EXPECT_TRUE(ReadTaskName("Func", Language::kPython).ok());
  EXPECT_TRUE(ReadTaskName("Namespace", Language::kRuby).ok());
  EXPECT_TRUE(ReadTaskName("Classes", Language::kPython).ok());
  for (const Language language : kLanguages) {
    EXPECT_FALSE(ReadTaskName("StepHandler", language).ok());
    EXPECT_FALSE(ReadStepName("Order::Step", language).ok());
    EXPECT_FALSE(ReadSubscriberName("Base", language).ok());
    // A step of Python's own words is a module with another name.
    EXPECT_TRUE(ReadStepName("Order::Class", language).ok());
  }
}

}  // namespace
}  // namespace tasker::cli::generate
