// HTTP requests of handlers, by libcurl.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tasker/client/errors.h"
#include "tasker/client/step.h"

struct sockaddr;

namespace tasker::http {

// Names and values; names are compared without regard to case.
using Headers = std::vector<std::pair<std::string, std::string>>;

// One request.
struct HttpRequest {
  // Upper case.
  std::string method = "GET";
  // http or https, everything in it encoded.
  std::string url;
  Headers headers = {};
  // Sent if it is set, also if it is empty.
  std::optional<std::string> body = {};
  // How long all of it may take, redirects included.
  std::chrono::milliseconds timeout = std::chrono::seconds(30);
  // False: any certificate is taken.
  bool verify_certificate = true;
  // Stops the request when it is cancelled; null: nothing does.
  const client::Step* step = nullptr;
  // Likewise, when it becomes true: then NetworkError is thrown. Null: nothing does.
  const std::atomic<bool>* stop = nullptr;
};

// What came back.
struct HttpResponse {
  int status = 0;
  // Names in lower case; values of a name that comes more than once are joined by ", ".
  std::map<std::string, std::string> headers = {};
  // Decompressed.
  std::string body = {};
  // After redirects.
  std::string url = {};
};

// No answer was had: the name is not known, the connection is refused or cut, time is over.
class NetworkError : public client::RetryableError {
 public:
  using RetryableError::RetryableError;
};

// The request must not be made, or its answer not be taken: a malformed URL, an address that is
// denied, a response that is too long, too many redirects.
class RefusedRequestError : public client::PermanentError {
 public:
  using PermanentError::PermanentError;
};

// What holds for all requests of a client.
struct HttpClientOptions {
  // Says why no connection may be made to that address, or nullopt. Asked of the very address that
  // is then connected to, whatever name led there, also after a redirect. Must be thread-safe.
  // Unset: all may. If it is set, proxies of the environment are not used: they would connect in
  // its place.
  std::function<std::optional<std::string>(const sockaddr& address)> deny_address = {};
  // Redirects followed; 0: none, the response is the redirect itself. To another origin only the
  // headers go on that say what the content is: no credentials.
  int redirects_max = 5;
  // Longer responses are refused.
  std::size_t response_bytes_max = 16u << 20;
  // As CURLOPT_RESOLVE: `name:port:address`. For tests, mostly.
  std::vector<std::string> resolve = {};
  // The certificate authorities to trust, a PEM file; empty: the system's.
  std::string ca_file = {};
};

// Keeps connections for later requests. Thread-safe.
class HttpClient {
 public:
  explicit HttpClient(HttpClientOptions options = {});
  // Precondition: no request runs.
  ~HttpClient();

  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Any status is a response. Throws NetworkError, RefusedRequestError, and client::CancelledError
  // (within a second) when the step is cancelled.
  HttpResponse Send(const HttpRequest& request);

 private:
  struct Handles;
  HttpResponse SendOnce(const HttpRequest& request, std::string& redirect_url);

  const HttpClientOptions options_;
  const std::unique_ptr<Handles> handles_;
};

// Text with all but letters, digits and `-._~` as %XX.
std::string UrlEncoded(const std::string& text);

// `url` without what may be secret: user, password, query. For messages, which are stored and
// shown.
std::string UrlForMessages(const std::string& url);

// `url` with `params` added to its query, encoded.
std::string WithParams(const std::string& url, const Headers& params);

}  // namespace tasker::http
