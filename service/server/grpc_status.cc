#include "service/server/grpc_status.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"

#include "config/utf8.h"

namespace tasker::service {
namespace {

// Of the message as it is sent, where all but plain ASCII takes three bytes for one. Leaves room
// for the other trailers.
constexpr std::size_t kSentBytesMax = std::size_t{6} * 1024;

std::size_t SentBytes(char c) {
  const bool is_plain = c >= ' ' && c <= '~' && c != '%';
  return is_plain ? 1 : 3;
}

std::string Cut(const std::string& message) {
  std::size_t sent = 0;
  std::size_t end = 0;
  while (end < message.size() && sent + SentBytes(message[end]) <= kSentBytesMax) {
    sent += SentBytes(message[end++]);
  }
  if (end == message.size()) return message;
  const std::size_t line = message.rfind('\n', end);
  if (line != std::string::npos && line > 0) {
    end = line;
  } else {
    end = config::CharacterStart(message, end);
  }
  const auto left =
      std::count(message.begin() + static_cast<std::ptrdiff_t>(end), message.end(), '\n');
  return absl::StrCat(message.substr(0, end), "\n... (",
                      left > 0 ? absl::StrCat(left, " more lines") : "cut", ")");
}

}  // namespace

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return {static_cast<grpc::StatusCode>(status.code()), Cut(std::string(status.message()))};
}

}  // namespace tasker::service
