// An HTTP API on a free loopback port that answers as the test tells it to.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace tasker::http {

// A request as it came.
struct Asked {
  std::string method;
  // With the query, as it was sent.
  std::string target;
  // Names in lower case.
  std::map<std::string, std::string> headers;
  std::string body;
};

struct Answer {
  int status = 200;
  std::map<std::string, std::string> headers = {};
  std::string body = {};
  std::string content_type = "application/json";
};

// Thread-safe.
class HttpStandIn {
 public:
  // `answer` is called for each request, on several threads at once.
  explicit HttpStandIn(std::function<Answer(const Asked&)> answer);
  // Ends the server; requests that run are waited for.
  ~HttpStandIn();

  HttpStandIn(const HttpStandIn&) = delete;
  HttpStandIn& operator=(const HttpStandIn&) = delete;

  int port() const;
  // http://127.0.0.1:PORT
  std::string url() const;
  // What came so far.
  std::vector<Asked> asked() const;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace tasker::http
