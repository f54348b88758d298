// JSON text that is parsed when somebody asks for its value.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "absl/base/call_once.h"

#include "tasker/client/json.h"

namespace tasker::client {

// Handlers that pass JSON through, or never look at it, do not pay for a parse.
//
// Thread-safe: two threads that ask first at the same time wait for one parse.
class LazyJson {
 public:
  // `text` must be JSON in UTF-8; empty stands for null.
  explicit LazyJson(std::string text) : text_(std::move(text)) {}

  LazyJson(const LazyJson&) = delete;
  LazyJson& operator=(const LazyJson&) = delete;

  // As it came; valid as long as this object.
  std::string_view text() const { return text_; }

  // Valid as long as this object. Throws Json::parse_error if the text is not JSON.
  const Json& value() const {
    absl::call_once(parsed_, [this] {
      if (!text_.empty()) value_ = Json::parse(text_, nullptr, /*allow_exceptions=*/false);
    });
    // Thrown outside the once, so for every caller alike; parsing again names the place.
    return value_.is_discarded() ? (value_ = Json::parse(text_)) : value_;
  }

 private:
  const std::string text_;
  mutable absl::once_flag parsed_;
  mutable Json value_;  // Written only within `parsed_`.
};

}  // namespace tasker::client
