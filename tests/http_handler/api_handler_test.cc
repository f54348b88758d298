// Whole steps against a stand-in of an API.
#include "clients/http_handler/api_handler.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tasker/testkit/made_step.h"
#include "tests/cpp_client/http_stand_in.h"

namespace tasker::http_handler {
namespace {

using client::Json;
using http::Answer;
using http::Asked;
using http::HttpStandIn;
using ::testing::HasSubstr;

testkit::StepRun RunStep(const Json& config, const Json& context = Json::object(),
                         const std::map<std::string, Json>& earlier = {}) {
  ApiHandler handler({});
  testkit::MadeStep made(context, earlier, {.handler_config = config});
  return made.Run(handler);
}

TEST(ApiHandler, Request_IsMadeOfConfigurationAlone) {
  HttpStandIn api([](const Asked&) {
    return Answer{.status = 201, .body = R"({"payment":{"id":"p-1"},"more":1})"};
  });
  const testkit::StepRun run = RunStep(
      {{"type", "api"},
       {"url", api.url() + "/orders/{{context.order.id}}/payments"},
       {"method", "POST"},
       {"params", {{"currency", "{{context.currency}}"}, {"page", 1}}},
       {"headers", {{"Idempotency-Key", "{{step.id}}"}}},
       {"body",
        {{"cents", "{{steps.fetch_order.results.total}}"}, {"note", "for {{context.who}}"}}},
       {"timeout", 20},
       {"expected_status", {201, 202}},
       {"results", {{"payment_id", "body.payment.id"}, {"code", "status"}}}},
      {{"order", {{"id", "a/b"}}}, {"currency", "€"}, {"who", "Zoë"}},
      {{"fetch_order", {{"total", 2500}}}});
  ASSERT_TRUE(run.results.has_value()) << run.failure->message();
  EXPECT_EQ(*run.results, Json({{"payment_id", "p-1"}, {"code", 201}}));
  const Asked asked = api.asked().at(0);
  EXPECT_EQ(asked.method, "POST");
  EXPECT_EQ(asked.target, "/orders/a%2Fb/payments?currency=%E2%82%AC&page=1");
  EXPECT_THAT(asked.headers.at("idempotency-key"), HasSubstr("00000000-0000-4000"));
  EXPECT_EQ(asked.headers.at("content-type"), "application/json");
  EXPECT_EQ(Json::parse(asked.body), Json({{"cents", 2500}, {"note", "for Zoë"}}));
}

TEST(ApiHandler, TextBody_IsEncodedAsItsContentTypeSays) {
  HttpStandIn api([](const Asked&) { return Answer{.body = "{}"}; });
  const auto body_of = [&](const std::string& type, const std::string& body) {
    const testkit::StepRun run = RunStep({{"url", api.url()},
                                          {"method", "POST"},
                                          {"headers", {{"Content-Type", type}}},
                                          {"body", body}},
                                         {{"name", "\"a&b\""}});
    EXPECT_TRUE(run.results.has_value());
    return api.asked().back().body;
  };
  EXPECT_EQ(body_of("application/json", R"({"n":"{{context.name}}"})"), R"({"n":"\"a&b\""})");
  EXPECT_EQ(body_of("application/x-www-form-urlencoded", "n={{context.name}}"), "n=%22a%26b%22");
  EXPECT_EQ(body_of("text/plain", "{{context.name}}"), "\"a&b\"");
}

TEST(ApiHandler, Status_ThatIsNotExpectedFailsAsItsKindDoes) {
  HttpStandIn api([](const Asked& asked) {
    return Answer{.status = std::stoi(asked.target.substr(1)), .headers = {{"Retry-After", "3"}}};
  });
  const auto run_with = [&](int status, const Json& expected) {
    return RunStep(
        {{"url", api.url() + "/" + std::to_string(status)}, {"expected_status", expected}});
  };
  EXPECT_TRUE(run_with(404, "4xx").results.has_value());
  EXPECT_FALSE(run_with(200, 201).failure->retryable());
  EXPECT_FALSE(run_with(404, nullptr).failure->retryable());
  EXPECT_TRUE(run_with(500, nullptr).failure->retryable());
  EXPECT_EQ(run_with(503, nullptr).failure->retry_after().seconds(), 3);
  EXPECT_EQ(run_with(429, nullptr).failure->retry_after().seconds(), 3);
}

TEST(ApiHandler, Config_ThatIsWrongFailsForGood) {
  const std::pair<const char*, Json> wrong[] = {
      {"object", nullptr},
      {"url", Json::object()},
      {"no such setting", {{"url", "http://x"}, {"methd", "POST"}}},
      {"`api` alone", {{"url", "http://x"}, {"type", "grpc"}}},
      {"--allow-unverified-certificates", {{"url", "https://x"}, {"ssl", false}}},
      {"expected_status", {{"url", "http://x"}, {"expected_status", "ok"}}},
      {"results", {{"url", "http://x"}, {"results", "body"}}},
      {"has no value", {{"url", "http://x/{{context.missing}}"}}},
      {"part of the path", {{"url", "http://x/a/{{context.up}}/b"}}},
      {"part of the path", {{"url", "http://x/a/.{{context.dot}}"}}},
      {"header", {{"url", "http://x/"}, {"headers", {{"X", "{{context.lines}}"}}}}},
  };
  for (const auto& [words, config] : wrong) {
    const testkit::StepRun run =
        RunStep(config, {{"up", ".."}, {"dot", "."}, {"lines", "a\r\nX-Evil: 1"}});
    ASSERT_TRUE(run.failure.has_value()) << config;
    EXPECT_TRUE(run.failure->has_retryable() && !run.failure->retryable()) << config;
    EXPECT_THAT(run.failure->message(), HasSubstr(words));
  }
}

}  // namespace
}  // namespace tasker::http_handler
