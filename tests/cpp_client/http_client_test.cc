// Requests, redirects and limits of the HTTP client.
#include "tasker/http/http_client.h"

#include <string>
#include <thread>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tasker/http/response_check.h"
#include "tasker/testkit/made_step.h"
#include "tests/cpp_client/http_stand_in.h"

namespace tasker::http {
namespace {

using client::Json;
using ::testing::HasSubstr;

Answer Text(int status, std::string body) {
  return {.status = status, .body = std::move(body), .content_type = "text/plain"};
}

TEST(HttpClient, Send_CarriesMethodHeadersAndBody) {
  HttpStandIn api([](const Asked&) {
    return Answer{.status = 201, .headers = {{"X-Two", "a"}}, .body = R"({"id":1})"};
  });
  HttpClient http;
  const HttpResponse response = http.Send({.method = "POST",
                                           .url = api.url() + "/orders?x=1",
                                           .headers = {{"X-One", "1"}},
                                           .body = "hello"});
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.headers.at("x-two"), "a");
  EXPECT_EQ(response.body, R"({"id":1})");
  ASSERT_EQ(api.asked().size(), 1u);
  const Asked asked = api.asked()[0];
  EXPECT_EQ(asked.method, "POST");
  EXPECT_EQ(asked.target, "/orders?x=1");
  EXPECT_EQ(asked.headers.at("x-one"), "1");
  EXPECT_EQ(asked.body, "hello");
}

TEST(HttpClient, Redirect_IsFollowedAndKeepsHeadersWithinAnOrigin) {
  HttpStandIn api([](const Asked& asked) {
    if (asked.target == "/old") return Answer{.status = 303, .headers = {{"Location", "/new"}}};
    return Answer{.body = "{}"};
  });
  HttpClient http;
  const HttpResponse response = http.Send({.method = "POST",
                                           .url = api.url() + "/old",
                                           .headers = {{"Authorization", "Bearer x"}},
                                           .body = "hello"});
  EXPECT_EQ(response.url, api.url() + "/new");
  const Asked followed = api.asked().at(1);
  EXPECT_EQ(followed.method, "GET");
  EXPECT_EQ(followed.body, "");
  EXPECT_EQ(followed.headers.at("authorization"), "Bearer x");
}

TEST(HttpClient, Redirect_ToAnotherOriginTakesNoCredentialsAlong) {
  HttpStandIn other([](const Asked&) { return Answer{.body = "{}"}; });
  HttpStandIn api([&](const Asked&) {
    return Answer{.status = 307, .headers = {{"Location", other.url() + "/x"}}};
  });
  HttpClient http;
  http.Send({.method = "POST",
             .url = api.url(),
             .headers = {{"X-Api-Key", "secret"}, {"Authorization", "y"}, {"Content-Type", "a/b"}},
             .body = "hello"});
  const Asked followed = other.asked().at(0);
  EXPECT_EQ(followed.method, "POST");
  EXPECT_EQ(followed.body, "hello");
  EXPECT_EQ(followed.headers.count("x-api-key"), 0u);
  EXPECT_EQ(followed.headers.count("authorization"), 0u);
  EXPECT_EQ(followed.headers.at("content-type"), "a/b");
}

TEST(HttpClient, Redirects_AreLimited) {
  HttpStandIn api([](const Asked&) {
    return Answer{.status = 302, .headers = {{"Location", "/again"}}};
  });
  HttpClient http({.redirects_max = 3});
  EXPECT_THROW(http.Send({.url = api.url()}), RefusedRequestError);
  EXPECT_EQ(api.asked().size(), 4u);
  HttpClient none({.redirects_max = 0});
  EXPECT_EQ(none.Send({.url = api.url()}).status, 302);
}

TEST(HttpClient, Response_ThatIsTooLongIsRefused) {
  HttpStandIn api([](const Asked&) { return Text(200, std::string(2000, 'x')); });
  HttpClient http({.response_bytes_max = 1000});
  try {
    http.Send({.url = api.url()});
    FAIL() << "it was taken";
  } catch (const RefusedRequestError& error) {
    EXPECT_THAT(error.what(), HasSubstr("1000"));
  }
  EXPECT_EQ(HttpClient({.response_bytes_max = 2000}).Send({.url = api.url()}).body.size(), 2000u);
}

TEST(HttpClient, NetworkErrors_AreRetryable) {
  std::string url;
  {
    HttpStandIn gone([](const Asked&) { return Text(200, ""); });
    url = gone.url();
  }
  HttpClient http;
  EXPECT_THROW(http.Send({.url = url}), client::RetryableError);
  EXPECT_THROW(http.Send({.url = "http://no-such-host.invalid/"}), client::RetryableError);
}

TEST(HttpClient, Timeout_IsRetryable) {
  absl::Notification over;
  HttpStandIn api([&](const Asked&) {
    over.WaitForNotification();
    return Text(200, "");
  });
  HttpClient http;
  EXPECT_THROW(http.Send({.url = api.url(), .timeout = std::chrono::milliseconds(50)}),
               NetworkError);
  over.Notify();
}

TEST(HttpClient, Cancellation_EndsTheRequest) {
  absl::Notification arrived, over;
  HttpStandIn api([&](const Asked&) {
    arrived.Notify();
    over.WaitForNotification();
    return Text(200, "");
  });
  testkit::MadeStep made(Json::object());
  std::thread canceller([&] {
    arrived.WaitForNotification();
    made.Cancel("enough");
  });
  HttpClient http;
  EXPECT_THROW(http.Send({.url = api.url(), .step = &made.step()}), client::CancelledError);
  over.Notify();
  canceller.join();
}

TEST(HttpClient, Requests_ThatCannotBeMadeAreRefused) {
  HttpClient http;
  EXPECT_THROW(http.Send({.url = "file:///etc/passwd"}), RefusedRequestError);
  EXPECT_THROW(http.Send({.url = "gopher://x/"}), RefusedRequestError);
  EXPECT_THROW(http.Send({.url = "http://"}), RefusedRequestError);
  EXPECT_THROW(http.Send({.url = "http://x/", .headers = {{"X", "a\r\nY: b"}}}),
               RefusedRequestError);
  EXPECT_THROW(http.Send({.url = "http://x/", .headers = {{"X\n", "a"}}}), RefusedRequestError);
}

TEST(HttpClient, UrlForMessages_LeavesOutWhatMayBeSecret) {
  EXPECT_EQ(UrlForMessages("https://me:p@ss@x.test/a?key=secret#b"), "https://x.test/a");
  EXPECT_EQ(UrlForMessages("https://x.test/a@b"), "https://x.test/a@b");
  EXPECT_EQ(UrlForMessages("https://x.test"), "https://x.test");
  EXPECT_EQ(UrlForMessages("me@x.test/?a"), "x.test/");
  HttpClient http;
  try {
    http.Send({.url = "http://me:secret@no-such-host.invalid/a?key=secret"});
    FAIL() << "there is no such host";
  } catch (const NetworkError& error) {
    EXPECT_THAT(error.what(), ::testing::Not(HasSubstr("secret")));
  }
}

TEST(HttpClient, WithParams_EncodesAndJoins) {
  EXPECT_EQ(WithParams("http://x/a", {{"q", "a b&c"}, {"ü", "/"}}),
            "http://x/a?q=a%20b%26c&%C3%BC=%2F");
  EXPECT_EQ(WithParams("http://x/a?b=1#c", {{"d", "2"}}), "http://x/a?b=1&d=2#c");
  EXPECT_EQ(WithParams("http://x/a", {}), "http://x/a");
}

HttpResponse ResponseWith(int status, std::map<std::string, std::string> headers,
                          std::string body = {}) {
  return {
      .status = status, .headers = std::move(headers), .body = std::move(body), .url = "http://x"};
}

TEST(ResponseCheck, RetryAfter_IsSecondsOrADate) {
  using std::chrono::seconds;
  EXPECT_EQ(RetryAfterOf(ResponseWith(503, {{"retry-after", "7"}})), seconds(7));
  EXPECT_EQ(RetryAfterOf(ResponseWith(503, {{"retry-after", "-7"}})), seconds(0));
  EXPECT_EQ(RetryAfterOf(ResponseWith(503, {})), std::nullopt);
  EXPECT_EQ(RetryAfterOf(ResponseWith(503, {{"retry-after", "soon"}})), std::nullopt);
  EXPECT_EQ(RetryAfterOf(ResponseWith(503, {{"date", "Wed, 21 Oct 2015 07:28:00 GMT"},
                                            {"retry-after", "Wed, 21 Oct 2015 07:29:30 GMT"}})),
            seconds(90));
}

v1::Failure FailureOf(const HttpResponse& response) {
  class Thrower : public client::StepHandler {
   public:
    explicit Thrower(const HttpResponse& response) : response_(response) {}
    Json process(const client::Task&, const client::Sequence&, const client::Step&) override {
      RequireSuccess(response_);
      return 1;
    }

   private:
    const HttpResponse& response_;
  } handler(response);
  return testkit::MadeStep(Json::object()).Run(handler).failure.value_or(v1::Failure());
}

TEST(ResponseCheck, Status_DecidesWhetherItIsTriedAgain) {
  for (const int status : {200, 201, 204, 299}) {
    EXPECT_EQ(FailureOf(ResponseWith(status, {})).error_class(), "") << status;
  }
  for (const int status : {429, 500, 502, 503, 504}) {
    EXPECT_TRUE(FailureOf(ResponseWith(status, {})).retryable()) << status;
  }
  for (const int status : {301, 400, 401, 404, 409, 422}) {
    const v1::Failure failure = FailureOf(ResponseWith(status, {}, "why"));
    EXPECT_TRUE(failure.has_retryable() && !failure.retryable()) << status;
    EXPECT_THAT(failure.message(), HasSubstr("why"));
  }
  EXPECT_EQ(FailureOf(ResponseWith(429, {{"retry-after", "5"}})).retry_after().seconds(), 5);
  EXPECT_FALSE(FailureOf(ResponseWith(500, {{"retry-after", "5"}})).has_retry_after());
}

TEST(ResponseCheck, Results_HaveTheBodyAsJsonIfItIsSaidToBe) {
  EXPECT_EQ(ResultsOf(ResponseWith(200, {{"content-type", "application/json; charset=utf-8"}},
                                   R"({"n":18446744073709551615})")),
            Json({{"status", 200},
                  {"headers", {{"content-type", "application/json; charset=utf-8"}}},
                  {"body", {{"n", 18446744073709551615ull}}}}));
  EXPECT_EQ(ResultsOf(ResponseWith(200, {{"content-type", "text/plain"}}, "[1]")).at("body"),
            "[1]");
  EXPECT_EQ(ResultsOf(ResponseWith(200, {{"content-type", "application/problem+json"}}, "[1]"))
                .at("body"),
            Json({1}));
  EXPECT_EQ(ResultsOf(ResponseWith(200, {{"content-type", "application/json"}}, "{")).at("body"),
            "{");
  EXPECT_EQ(ResultsOf(ResponseWith(200, {{"content-type", "text/plain"}}, "caf\xe9")).at("body"),
            "caf\xEF\xBF\xBD");
}

}  // namespace
}  // namespace tasker::http
