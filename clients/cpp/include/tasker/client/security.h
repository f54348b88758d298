// How a connection to the service is secured, and how the caller proves who it is.
#pragma once

#include <functional>
#include <string>
#include <utility>

namespace tasker::client {

// TLS. All are names of PEM files, read when the connection is first made.
struct TlsOptions {
  // Whose certificates are trusted; empty: those that the system trusts.
  std::string ca_file = {};
  // For services that ask for one: this side's certificate and its key. Both or neither.
  std::string certificate_file = {};
  std::string key_file = {};
};

// The access token, sent with every call as `authorization: Bearer TOKEN`: none, one text, or a
// function that gives the one that is valid now. White space around it does not count.
//
// The function is called before every connection and with every heartbeat, by the worker's own
// thread or by the caller of a client: it must be quick (read a file, not ask a server) and
// thread-safe. What it throws makes the connection fail, to be tried again.
class TokenSource {
 public:
  TokenSource() = default;
  TokenSource(std::string token)  // NOLINT(google-explicit-constructor): as short as a text
      : fixed_(std::move(token)) {}
  TokenSource(const char* token)  // NOLINT(google-explicit-constructor)
      : fixed_(token) {}
  TokenSource(std::function<std::string()> current)  // NOLINT(google-explicit-constructor)
      : current_(std::move(current)) {}

  // Whether another token may come.
  bool can_change() const { return current_ != nullptr; }
  // The token now; empty: none.
  std::string Get() const;

 private:
  std::string fixed_;
  std::function<std::string()> current_;
};

// The token in a file, read again each time. Throws std::runtime_error if it cannot be read.
TokenSource TokenFromFile(std::string path);

}  // namespace tasker::client
