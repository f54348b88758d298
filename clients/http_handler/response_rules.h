// Which responses a step wants, and what of them become its results.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "clients/http_handler/json_path.h"
#include "tasker/client/json.h"
#include "tasker/http/http_client.h"

namespace tasker::http_handler {

// Statuses that count as success: `handler_config.expected_status`: 201, "200-299", "2xx", or a
// list of such; unset: 200 to 299.
class ExpectedStatus {
 public:
  // Throws client::PermanentError if it is none of these.
  explicit ExpectedStatus(const client::Json& config);

  bool Contains(int status) const;
  // Throws what http::ThrowFor does if the response's is none of them.
  void Require(const http::HttpResponse& response) const;

 private:
  // First and last of each range.
  std::vector<std::pair<int, int>> ranges_;
};

// `handler_config.results`: a name for each result, and where in {status, headers, body} it is;
// unset: all of it.
class ResultSelection {
 public:
  // Throws client::PermanentError if it is no object of names and paths.
  explicit ResultSelection(const client::Json& config);

  // The results; null for what is not there.
  client::Json Select(const http::HttpResponse& response) const;

 private:
  bool all_ = true;
  std::vector<std::pair<std::string, JsonPath>> chosen_;
};

}  // namespace tasker::http_handler
