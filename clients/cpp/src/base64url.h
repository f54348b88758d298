// Tokens as text: URL-safe Base64 without padding (RFC 4648, section 5).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/escaping.h"

namespace tasker::client {

inline std::string ToBase64Url(std::string_view bytes) {
  std::string text;
  absl::WebSafeBase64Escape(absl::string_view(bytes.data(), bytes.size()), &text);
  while (!text.empty() && text.back() == '=') text.pop_back();
  return text;
}

// nullopt: it is none.
inline std::optional<std::string> FromBase64Url(std::string_view text) {
  std::string bytes;
  if (!absl::WebSafeBase64Unescape(absl::string_view(text.data(), text.size()), &bytes)) {
    return std::nullopt;
  }
  return bytes;
}

}  // namespace tasker::client
