// Writing JSON so that what cannot be written is noticed.
#pragma once

#include <stdexcept>
#include <string>

#include "tasker/client/json.h"

namespace tasker::client {

// A value that JSON cannot hold. The message says which and where.
class NotJsonError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Values nested deeper than this are refused: printing them would need more stack than a thread has
// for certain.
inline constexpr int kJsonDepthMax = 2000;

// `value` as JSON in UTF-8, without spaces. Throws NotJsonError for NaN and infinities (which the
// library would write as null), text that is not UTF-8, and values nested too deep.
std::string PrintJson(const Json& value);

}  // namespace tasker::client
