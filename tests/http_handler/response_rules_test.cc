// Expected statuses, and what becomes of a response.
#include "clients/http_handler/response_rules.h"

#include <string>

#include "gtest/gtest.h"

#include "tasker/client/errors.h"

namespace tasker::http_handler {
namespace {

using client::Json;

TEST(ExpectedStatus, Config_IsAStatusARangeOrAList) {
  EXPECT_TRUE(ExpectedStatus(nullptr).Contains(204));
  EXPECT_FALSE(ExpectedStatus(nullptr).Contains(300));
  EXPECT_TRUE(ExpectedStatus(201).Contains(201));
  EXPECT_FALSE(ExpectedStatus(201).Contains(200));
  EXPECT_TRUE(ExpectedStatus("200-204").Contains(204));
  EXPECT_FALSE(ExpectedStatus("200-204").Contains(205));
  EXPECT_TRUE(ExpectedStatus("4xx").Contains(404));
  const ExpectedStatus list(Json{200, "404", "5XX"});
  for (const int status : {200, 404, 500, 599}) EXPECT_TRUE(list.Contains(status)) << status;
  for (const int status : {201, 403, 400}) EXPECT_FALSE(list.Contains(status)) << status;
}

TEST(ExpectedStatus, Config_ThatIsWrongIsAPermanentFailure) {
  for (const Json& config : {Json("ok"), Json(99), Json(600), Json("204-200"), Json{"6xx"},
                             Json("2x"), Json(2.5), Json{{"a", 1}}, Json(true)}) {
    EXPECT_THROW(ExpectedStatus{config}, client::PermanentError) << config;
  }
}

const http::HttpResponse kResponse{.status = 200,
                                   .headers = {{"content-type", "application/json"}, {"x-id", "7"}},
                                   .body = R"({"items":[{"id":18446744073709551615}]})",
                                   .url = "http://x"};

TEST(ResultSelection, Config_PicksByPathOrPointer) {
  const ResultSelection selection(Json{{"id", "body.items[0].id"},
                                       {"same", "/body/items/0/id"},
                                       {"status", "status"},
                                       {"header", "headers.x-id"},
                                       {"missing", "body.nothing.here"}});
  EXPECT_EQ(selection.Select(kResponse), Json({{"id", 18446744073709551615ull},
                                               {"same", 18446744073709551615ull},
                                               {"status", 200},
                                               {"header", "7"},
                                               {"missing", nullptr}}));
}

TEST(ResultSelection, Without_GivesAll) {
  EXPECT_EQ(ResultSelection(nullptr).Select(kResponse).size(), 3u);
}

TEST(ResultSelection, Config_ThatIsWrongIsAPermanentFailure) {
  for (const Json& config :
       {Json("body"), Json{1}, Json{{"a", 1}}, Json{{"a", "b..c"}}, Json{{"a", ""}}}) {
    EXPECT_THROW(ResultSelection{config}, client::PermanentError) << config;
  }
}

}  // namespace
}  // namespace tasker::http_handler
