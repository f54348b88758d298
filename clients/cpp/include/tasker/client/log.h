// What the library says of itself.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tasker::client {

enum class LogLevel { kInfo, kWarning, kError };

// One thing that happened. Valid while the hook runs.
struct LogRecord {
  LogLevel level = LogLevel::kInfo;
  // A sentence for people, the fields not repeated.
  std::string_view message;
  // What it is about, such as {"address", "127.0.0.1:7420"}; the keys are in lower case.
  const std::vector<std::pair<std::string, std::string>>& fields;
};

// Gets each record. Must be quick, thread-safe, and not throw.
using LogHook = std::function<void(const LogRecord& record)>;

// The record as one line: `INFO connected address=127.0.0.1:7420 held=0`. Values with spaces or
// quotes are quoted.
std::string LogLine(const LogRecord& record);

}  // namespace tasker::client
