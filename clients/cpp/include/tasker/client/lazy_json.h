// JSON text that is parsed when somebody asks for its value.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "absl/base/call_once.h"

#include "tasker/client/errors.h"
#include "tasker/client/json.h"

namespace tasker::client {

// Handlers that pass JSON through, or never look at it, do not pay for a parse.
//
// Thread-safe: two threads that ask first at the same time wait for one parse.
class LazyJson {
 public:
  // `text` must be JSON in UTF-8; empty stands for null. `what` it is, for messages: it must live
  // as long as this object.
  explicit LazyJson(std::string text, std::string_view what = "the payload")
      : text_(std::move(text)), what_(what) {}

  LazyJson(const LazyJson&) = delete;
  LazyJson& operator=(const LazyJson&) = delete;

  // As it came; valid as long as this object.
  std::string_view text() const { return text_; }

  // Valid as long as this object. Throws InvalidAssignmentError if the text is not JSON.
  const Json& value() const {
    absl::call_once(parsed_, [this] {
      if (!text_.empty()) value_ = Json::parse(text_, nullptr, /*allow_exceptions=*/false);
    });
    if (value_.is_discarded()) Refuse();
    return value_;
  }

 private:
  // Thrown outside the once, so for every caller alike; parsing again names the place.
  [[noreturn]] void Refuse() const {
    std::string why;
    try {
      why = Json::parse(text_).type_name();
    } catch (const Json::exception& error) {
      why = error.what();
    }
    throw InvalidAssignmentError(std::string(what_) + " is not JSON in UTF-8: " + why);
  }

  const std::string text_;
  const std::string_view what_;
  mutable absl::once_flag parsed_;
  mutable Json value_;  // Written only within `parsed_`.
};

}  // namespace tasker::client
