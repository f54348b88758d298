// Steps that call an API.
#include "tasker/http/api_step_handler.h"

#include <atomic>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tasker/testkit/made_step.h"
#include "tests/cpp_client/http_stand_in.h"

namespace tasker::http {
namespace {

using client::Json;
using ::testing::HasSubstr;

testkit::StepRun RunWith(const Json& config, client::StepHandler&& handler = ApiStepHandler()) {
  testkit::MadeStep made(Json::object(), {},
                         {.handler_config = config, .traceparent = "00-aa-bb-01"});
  return made.Run(handler);
}

TEST(ApiStepHandler, Process_MakesTheConfiguredRequest) {
  HttpStandIn api([](const Asked&) { return Answer{.body = R"({"ok":true})"}; });
  const testkit::StepRun run = RunWith({{"url", api.url() + "/orders"},
                                        {"method", "post"},
                                        {"params", {{"page", 2}, {"tag", {"a", "b"}}}},
                                        {"headers", {{"X-Key", "k"}}},
                                        {"payload", {{"n", 9007199254740993}}},
                                        {"timeout", 20}});
  ASSERT_TRUE(run.results.has_value()) << run.failure->message();
  EXPECT_EQ(run.results->at("status"), 200);
  EXPECT_EQ(run.results->at("body"), Json({{"ok", true}}));
  const Asked asked = api.asked().at(0);
  EXPECT_EQ(asked.method, "POST");
  EXPECT_EQ(asked.target, "/orders?page=2&tag=a&tag=b");
  EXPECT_EQ(asked.headers.at("x-key"), "k");
  EXPECT_EQ(asked.headers.at("content-type"), "application/json");
  EXPECT_EQ(asked.headers.at("traceparent"), "00-aa-bb-01");
  EXPECT_EQ(asked.body, R"({"n":9007199254740993})");
}

TEST(ApiStepHandler, Failure_SaysWhatTheApiAnswered) {
  HttpStandIn api([](const Asked&) {
    return Answer{.status = 429, .headers = {{"Retry-After", "9"}}, .body = "slower"};
  });
  const testkit::StepRun run = RunWith({{"url", api.url()}});
  ASSERT_TRUE(run.failure.has_value());
  EXPECT_TRUE(run.failure->retryable());
  EXPECT_EQ(run.failure->retry_after().seconds(), 9);
  EXPECT_THAT(run.failure->message(), HasSubstr("429: slower"));
}

TEST(ApiStepHandler, Retries_AreMadeWithinTheAttemptForWhatMayPass) {
  std::atomic<int> calls = 0;
  HttpStandIn api([&](const Asked& asked) {
    if (asked.target == "/gone") return Answer{.status = 404};
    return ++calls < 3 ? Answer{.status = 502} : Answer{.body = "{}"};
  });
  const Json config = {{"url", api.url()},
                       {"retries", 2},
                       {"retry_delay", 0.001},
                       {"enable_exponential_backoff", true}};
  EXPECT_TRUE(RunWith(config).results.has_value());
  EXPECT_EQ(calls, 3);
  Json gone = config;
  gone["url"] = api.url() + "/gone";
  EXPECT_FALSE(RunWith(gone).failure->retryable());
  EXPECT_EQ(api.asked().size(), 4u);
}

TEST(ApiStepHandler, Connection_MakesCallsOfOnesOwn) {
  class Two : public ApiStepHandler {
   public:
    Json process(const client::Task&, const client::Sequence&, const client::Step& step) override {
      ApiConnection api = connection(step);
      const HttpResponse first = api.Get("/a", {{"q", "1"}});
      api.Post("b", {{"got", first.body}});
      return ResultsOf(api.Delete()).at("status");
    }
  };
  HttpStandIn api([](const Asked&) { return Answer{.body = "x"}; });
  const testkit::StepRun run =
      RunWith({{"url", api.url() + "/v1/"}, {"headers", {{"X-Key", "k"}}}}, Two());
  EXPECT_EQ(run.results, Json(200));
  EXPECT_EQ(api.asked().at(0).target, "/v1/a?q=1");
  EXPECT_EQ(api.asked().at(1).target, "/v1/b");
  EXPECT_EQ(api.asked().at(1).body, R"({"got":"x"})");
  EXPECT_EQ(api.asked().at(1).headers.at("x-key"), "k");
  EXPECT_EQ(api.asked().at(2).method, "DELETE");
}

TEST(ApiStepHandler, Config_ThatIsWrongIsAPermanentFailureThatNamesTheKey) {
  const std::pair<const char*, Json> wrong[] = {
      {"url", Json::object()},
      {"url", {{"url", 7}}},
      {"method", {{"url", "http://x"}, {"method", "STEAL"}}},
      {"headers", {{"url", "http://x"}, {"headers", {1}}}},
      {"timeout", {{"url", "http://x"}, {"timeout", 0}}},
      {"timeout", {{"url", "http://x"}, {"timeout", "long"}}},
      {"retries", {{"url", "http://x"}, {"retries", 1000}}},
      {"ssl", {{"url", "http://x"}, {"ssl", "no"}}},
  };
  for (const auto& [key, config] : wrong) {
    const testkit::StepRun run = RunWith(config);
    ASSERT_TRUE(run.failure.has_value()) << config;
    EXPECT_FALSE(run.failure->retryable()) << config;
    EXPECT_THAT(run.failure->message(), HasSubstr(std::string("handler_config.") + key));
  }
}

}  // namespace
}  // namespace tasker::http
