// The JSON value that handlers take and give.
#pragma once

#include <nlohmann/json.hpp>

namespace tasker::client {

// Keeps integers apart from floating point, so that ids survive. Read missing keys with `at()` or
// `value()`: `operator[]` on a const value must not be given a key that is not there.
using Json = nlohmann::json;

}  // namespace tasker::client
