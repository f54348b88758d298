// Server-side request forgery: every way to an address that is denied leads nowhere.
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "clients/http_handler/address_rules.h"
#include "clients/http_handler/api_handler.h"
#include "tasker/testkit/made_step.h"
#include "tests/cpp_client/http_stand_in.h"

namespace tasker::http_handler {
namespace {

using client::Json;
using http::Answer;
using http::Asked;
using http::HttpStandIn;
using ::testing::HasSubstr;

// The service as it is by default, but that `allowed` may be reached, and `resolve` tells what some
// names stand for.
testkit::StepRun Get(const std::string& url, const std::string& allowed = {},
                     std::vector<std::string> resolve = {}) {
  AddressRules rules;
  if (!allowed.empty()) rules.Allow(*NetworkOf(allowed));
  ApiHandlerOptions options;
  options.http.deny_address = [rules](const sockaddr& address) { return rules.WhyDenied(address); };
  options.http.resolve = std::move(resolve);
  ApiHandler handler(std::move(options));
  testkit::MadeStep made(Json::object(), {}, {.handler_config = {{"url", url}, {"timeout", 20}}});
  return made.Run(handler);
}

void ExpectDenied(const testkit::StepRun& run, const std::string& what) {
  ASSERT_TRUE(run.failure.has_value()) << what;
  EXPECT_TRUE(run.failure->has_retryable() && !run.failure->retryable()) << what;
  EXPECT_THAT(run.failure->message(), HasSubstr("denied")) << what;
}

TEST(Forgery, Addresses_HoweverTheyAreWritten) {
  for (const char* url :
       {"http://169.254.169.254/latest/meta-data/", "http://2852039166/", "http://0xa9fea9fe/",
        "http://0251.0376.0251.0376/", "http://169.254.43518/", "http://127.0.0.1/",
        "http://2130706433/", "http://0177.0.0.1/", "http://127.1/", "http://0/",
        "http://%31%32%37.0.0.1/", "http://user@127.0.0.1/", "https://127.0.0.1/"}) {
    ExpectDenied(Get(url), url);
  }
}

TEST(Forgery, Loopback_IsAllowedByHandAlone) {
  HttpStandIn api([](const Asked&) { return Answer{.body = "{}"}; });
  ExpectDenied(Get(api.url()), "by default");
  EXPECT_TRUE(api.asked().empty());
  EXPECT_TRUE(Get(api.url(), "127.0.0.1/32").results.has_value());
}

TEST(Forgery, Names_AreJudgedByTheAddressThatIsConnectedTo) {
  for (const char* address : {"169.254.169.254", "127.0.0.1", "[::1]", "[fe80::1]",
                              "[::ffff:169.254.169.254]", "[fd00:ec2::254]"}) {
    const testkit::StepRun run =
        Get("http://innocent.test/", {}, {std::string("innocent.test:80:") + address});
    ExpectDenied(run, address);
  }
}

TEST(Forgery, Name_WithOneGoodAndOneBadAddressLeadsToTheGoodOne) {
  HttpStandIn api([](const Asked&) { return Answer{.body = "{}"}; });
  // 127.0.0.1 is allowed here, 127.0.0.2 is not.
  const std::string entry = "two.test:" + std::to_string(api.port()) + ":";
  const std::string url = "http://two.test:" + std::to_string(api.port()) + "/";
  for (const char* addresses : {"127.0.0.1,127.0.0.2", "127.0.0.2,127.0.0.1"}) {
    const testkit::StepRun run = Get(url, "127.0.0.1/32", {entry + addresses});
    EXPECT_TRUE(run.results.has_value()) << addresses;
  }
}

TEST(Forgery, Redirect_IsJudgedAnew) {
  for (const char* target :
       {"http://169.254.169.254/latest/", "http://127.0.0.2/", "http://2130706434/"}) {
    HttpStandIn api([target](const Asked&) {
      return Answer{.status = 302, .headers = {{"Location", target}}};
    });
    ExpectDenied(Get(api.url(), "127.0.0.1/32"), target);
    EXPECT_EQ(api.asked().size(), 1u);
  }
}

TEST(Forgery, Redirect_ToAnotherSchemeIsRefused) {
  HttpStandIn api([](const Asked&) {
    return Answer{.status = 302, .headers = {{"Location", "file:///etc/passwd"}}};
  });
  const testkit::StepRun run = Get(api.url(), "127.0.0.1/32");
  ASSERT_TRUE(run.failure.has_value());
  EXPECT_FALSE(run.failure->retryable());
}

TEST(Forgery, Proxy_OfTheEnvironmentIsNotAskedToConnectInItsPlace) {
  HttpStandIn proxy([](const Asked&) { return Answer{.body = "{}"}; });
  setenv("http_proxy", proxy.url().c_str(), 1);
  ExpectDenied(Get("http://169.254.169.254/", "127.0.0.1/32"), "by a proxy");
  unsetenv("http_proxy");
  EXPECT_TRUE(proxy.asked().empty());
}

}  // namespace
}  // namespace tasker::http_handler
