#include "tasker/client/log.h"

#include "tasker/client/json.h"

namespace tasker::client {
namespace {

std::string_view NameOf(LogLevel level) {
  switch (level) {
    case LogLevel::kInfo:
      return "INFO";
    case LogLevel::kWarning:
      return "WARN";
    case LogLevel::kError:
      return "ERROR";
  }
  return "INFO";
}

std::string Quoted(const std::string& value) {
  if (!value.empty() && value.find_first_of(" \"=\\\n\r\t") == std::string::npos) return value;
  return Json(value).dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string LogLine(const LogRecord& record) {
  std::string line(NameOf(record.level));
  line += ' ';
  line += record.message;
  for (const auto& [key, value] : record.fields) line += " " + key + "=" + Quoted(value);
  return line;
}

}  // namespace tasker::client
