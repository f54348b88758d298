// Reading what the user points at.
#pragma once

#include <istream>
#include <string>

#include "absl/status/statusor.h"

namespace tasker::cli {

// No file or standard input is read beyond this; the service's own limits are far below.
inline constexpr std::size_t kInputBytesMax = 64U << 20U;

// The whole of the file at `path`, or of `standard_input` if `path` is `-`. The error's message
// names the file and the reason.
absl::StatusOr<std::string> ReadInput(const std::string& path, std::istream& standard_input);

}  // namespace tasker::cli
