// Log lines with fields.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace tasker::sinks {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

using LogField = std::pair<std::string_view, std::string>;

// How lines are written: `... INFO message key=value`, or a JSON object each.
enum class LogFormat { kText, kJson };

// Sets up spdlog for the process, on stderr. `level`: debug, info, warn or error. Before any
// thread.
void SetUpLog(const std::string& level, LogFormat format);

// Thread-safe.
void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields);

}  // namespace tasker::sinks
