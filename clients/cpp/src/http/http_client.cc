#include "tasker/http/http_client.h"

#include <algorithm>
#include <cerrno>
#include <unistd.h>

#include "absl/base/thread_annotations.h"
#include "absl/strings/ascii.h"
#include "absl/synchronization/mutex.h"
#include <sys/socket.h>

#include "clients/cpp/src/http/curl_handle.h"

namespace tasker::http {
namespace {

using Clock = std::chrono::steady_clock;

constexpr char kUserAgent[] = "tasker-cpp/0.1.0";
constexpr std::size_t kHeaderBytesMax = 256u << 10;
constexpr std::chrono::milliseconds kConnectMax{10'000};

// One transfer, as libcurl's callbacks see it. They must not throw: they note what is wrong.
struct Transfer {
  const HttpClientOptions* options = nullptr;
  const client::Step* step = nullptr;
  const std::atomic<bool>* stop = nullptr;
  HttpResponse response = {};
  std::size_t header_bytes = 0;
  std::string denied = {};
  bool too_long = false;
};

std::size_t OnBody(char* data, std::size_t, std::size_t size, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  if (transfer.response.body.size() + size > transfer.options->response_bytes_max) {
    transfer.too_long = true;
    return CURL_WRITEFUNC_ERROR;
  }
  transfer.response.body.append(data, size);
  return size;
}

std::size_t OnHeader(char* data, std::size_t, std::size_t size, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  const std::string_view line(data, size);
  transfer.header_bytes += size;
  if (transfer.header_bytes > kHeaderBytesMax) {
    transfer.too_long = true;
    return CURL_WRITEFUNC_ERROR;
  }
  // A status line begins the headers of the next response: those before were a `100 Continue`.
  if (line.substr(0, 5) == "HTTP/") transfer.response.headers.clear();
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return size;
  const auto trimmed = [](std::string_view text) {
    return std::string(absl::StripAsciiWhitespace(absl::string_view(text.data(), text.size())));
  };
  const std::string name = absl::AsciiStrToLower(trimmed(line.substr(0, colon)));
  const std::string value = trimmed(line.substr(colon + 1));
  const auto [place, is_new] = transfer.response.headers.try_emplace(name, value);
  if (!is_new) place->second += ", " + value;
  return size;
}

// The one place where an address becomes a connection.
curl_socket_t OnOpenSocket(void* context, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(context);
  if (transfer.options->deny_address) {
    if (std::optional<std::string> why = transfer.options->deny_address(address->addr)) {
      transfer.denied = *std::move(why);
      return CURL_SOCKET_BAD;
    }
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

int OnProgress(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const auto& transfer = *static_cast<Transfer*>(context);
  if (transfer.stop != nullptr && *transfer.stop) return 1;
  return transfer.step != nullptr && transfer.step->cancelled() ? 1 : 0;
}

void CheckHeader(const std::string& name, const std::string& value) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t'; };
  const bool bad_name = name.empty() || name.find_first_of(" :\t\r\n") != std::string::npos ||
                        std::any_of(name.begin(), name.end(), is_control);
  if (bad_name || std::any_of(value.begin(), value.end(), is_control)) {
    throw RefusedRequestError("the header `" + name + "` has characters that no header can hold");
  }
}

[[noreturn]] void Throw(CURLcode code, const char* detail, const Transfer& transfer,
                        const std::string& whole_url) {
  const std::string url = UrlForMessages(whole_url);
  if (transfer.step != nullptr && code == CURLE_ABORTED_BY_CALLBACK) {
    transfer.step->throw_if_cancelled();
  }
  if (!transfer.denied.empty()) throw RefusedRequestError(url + ": " + transfer.denied);
  if (transfer.too_long) {
    throw RefusedRequestError(url + ": the response has more than " +
                              std::to_string(transfer.options->response_bytes_max) + " bytes");
  }
  const std::string message = url + ": " + (detail[0] != '\0' ? detail : curl_easy_strerror(code));
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_SSL_CACERT_BADFILE:
      throw RefusedRequestError(message);
    default:
      throw NetworkError(message);
  }
}

// Scheme, host and port; empty if it is no URL.
std::string OriginOf(const std::string& text) {
  const CurlUrl url(curl_url());
  if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) return {};
  std::string origin;
  for (const CURLUPart part : {CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT}) {
    char* value = nullptr;
    if (curl_url_get(url.get(), part, &value, CURLU_DEFAULT_PORT) == CURLUE_OK) {
      origin += std::string(value) + " ";
    }
    curl_free(value);
  }
  return absl::AsciiStrToLower(origin);
}

bool DescribesContent(const std::string& name) {
  const std::string lower = absl::AsciiStrToLower(name);
  return lower == "accept" || lower == "accept-language" || lower == "content-type" ||
         lower == "user-agent" || lower == "traceparent" || lower == "tracestate";
}

// What is asked for after a redirect, as browsers do it (RFC 9110, section 15.4).
void Follow(int status, std::string url, HttpRequest& request) {
  const bool becomes_get =
      status == 303 ? request.method != "HEAD" : status < 303 && request.method == "POST";
  if (becomes_get) {
    request.method = "GET";
    request.body.reset();
  }
  if (OriginOf(request.url) != OriginOf(url)) {
    std::erase_if(request.headers, [](const auto& each) { return !DescribesContent(each.first); });
  }
  request.url = std::move(url);
}

bool IsRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

}  // namespace

// Idle handles, each with the connections that it keeps. Thread-safe.
struct HttpClient::Handles {
  CurlHandle Take() {
    {
      absl::MutexLock lock(&mutex);
      if (!idle.empty()) {
        CurlHandle handle = std::move(idle.back());
        idle.pop_back();
        return handle;
      }
    }
    CurlHandle handle(curl_easy_init());
    if (handle == nullptr) throw NetworkError("libcurl cannot be started");
    return handle;
  }
  void Give(CurlHandle handle) {
    curl_easy_reset(handle.get());
    absl::MutexLock lock(&mutex);
    idle.push_back(std::move(handle));
  }

  absl::Mutex mutex;
  std::vector<CurlHandle> idle ABSL_GUARDED_BY(mutex);
};

HttpClient::HttpClient(HttpClientOptions options)
    : options_(std::move(options)), handles_(std::make_unique<Handles>()) {
  // Once for the process; thread-safe in this version of libcurl.
  curl_global_init(CURL_GLOBAL_DEFAULT);
}

HttpClient::~HttpClient() = default;

HttpResponse HttpClient::Send(const HttpRequest& request) {
  const Clock::time_point until = Clock::now() + request.timeout;
  HttpRequest next = request;
  for (int redirects = 0;; ++redirects) {
    std::string redirect_url;
    HttpResponse response = SendOnce(next, redirect_url);
    if (!IsRedirect(response.status) || redirect_url.empty() || options_.redirects_max == 0) {
      return response;
    }
    if (redirects == options_.redirects_max) {
      throw RefusedRequestError(UrlForMessages(request.url) + ": more than " +
                                std::to_string(options_.redirects_max) + " redirects");
    }
    Follow(response.status, std::move(redirect_url), next);
    next.timeout = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now());
    if (next.timeout.count() <= 0) {
      throw NetworkError(UrlForMessages(request.url) + ": redirected out of time");
    }
  }
}

HttpResponse HttpClient::SendOnce(const HttpRequest& request, std::string& redirect_url) {
  CurlHandle handle = handles_->Take();
  CURL* const curl = handle.get();
  Transfer transfer;
  transfer.options = &options_;
  transfer.step = request.step;
  transfer.stop = request.stop;
  char detail[CURL_ERROR_SIZE] = "";
  CurlList headers, resolve;
  for (const auto& [name, value] : request.headers) {
    CheckHeader(name, value);
    // libcurl's way to say that a header is empty, not left out.
    Append(value.empty() ? name + ";" : name + ": " + value, headers);
  }
  // A server is not asked first whether it wants the body.
  Append("Expect:", headers);
  for (const std::string& entry : options_.resolve) Append(entry, resolve);

  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_USERAGENT, kUserAgent);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_RESOLVE, resolve.get());
  curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(std::min(request.timeout, kConnectMax).count()));
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, request.verify_certificate ? 1L : 0L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, request.verify_certificate ? 2L : 0L);
  if (!options_.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, options_.ca_file.c_str());
  if (options_.deny_address) curl_easy_setopt(curl, CURLOPT_PROXY, "");
  if (request.body) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body->size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body->data());
  }
  if (request.method == "HEAD") {
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  } else {
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, OnOpenSocket);
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, OnProgress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);

  const CURLcode code = curl_easy_perform(curl);
  // A handle that failed is not kept: nobody knows what state its connections are in.
  if (code != CURLE_OK) Throw(code, detail, transfer, request.url);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  transfer.response.status = static_cast<int>(status);
  transfer.response.url = request.url;
  char* redirect = nullptr;
  curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &redirect);
  if (redirect != nullptr) redirect_url = redirect;
  handles_->Give(std::move(handle));
  return std::move(transfer.response);
}

std::string UrlEncoded(const std::string& text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.' || c == '_' ||
        c == '~') {
      encoded += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return encoded;
}

std::string UrlForMessages(const std::string& url) {
  const std::string shown = url.substr(0, url.find_first_of("?#"));
  const std::size_t scheme = shown.find("://");
  const std::size_t host = scheme == std::string::npos ? 0 : scheme + 3;
  // The last: a user's name may have an @ of its own.
  const std::size_t at = shown.substr(0, shown.find('/', host)).rfind('@');
  if (at == std::string::npos || at < host) return shown;
  return shown.substr(0, host) + shown.substr(at + 1);
}

std::string WithParams(const std::string& url, const Headers& params) {
  if (params.empty()) return url;
  std::string query;
  for (const auto& [name, value] : params) {
    query += (query.empty() ? "" : "&") + UrlEncoded(name) + "=" + UrlEncoded(value);
  }
  const std::size_t fragment = std::min(url.find('#'), url.size());
  const std::string before = url.substr(0, fragment);
  const char* const joint = before.find('?') == std::string::npos ? "?" : "&";
  return before + joint + query + url.substr(fragment);
}

}  // namespace tasker::http
