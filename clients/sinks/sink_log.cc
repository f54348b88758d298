#include "clients/sinks/sink_log.h"

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include <nlohmann/json.hpp>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace tasker::sinks {
namespace {

// Written once, before any thread.
LogFormat format_of_process = LogFormat::kText;

spdlog::level::level_enum LevelOf(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      break;
  }
  return spdlog::level::err;
}

std::string Quoted(const std::string& value) {
  const bool plain = !value.empty() && value.find_first_of(" \"=\n\r\t\\") == std::string::npos;
  if (plain) return value;
  return nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

void SetUpLog(const std::string& level, LogFormat format) {
  format_of_process = format;
  spdlog::drop("tasker-sinks");
  auto log = spdlog::stderr_color_mt("tasker-sinks");
  log->set_pattern(format == LogFormat::kJson ? "%v" : "%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v",
                   spdlog::pattern_time_type::utc);
  log->set_level(spdlog::level::from_str(level));
  log->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(log));
}

void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  const spdlog::level::level_enum at = LevelOf(level);
  if (!spdlog::default_logger_raw()->should_log(at)) return;
  if (format_of_process == LogFormat::kText) {
    std::string line(message);
    for (const auto& [key, value] : fields) {
      line += ' ';
      line += key;
      line += '=';
      line += Quoted(value);
    }
    spdlog::log(at, "{}", line);
    return;
  }
  nlohmann::ordered_json json;
  json["time"] =
      std::string(absl::FormatTime("%Y-%m-%d%ET%H:%M:%E3SZ", absl::Now(), absl::UTCTimeZone()));
  const auto name = spdlog::level::to_string_view(at);
  json["level"] = std::string(name.data(), name.size());
  json["message"] = message;
  for (const auto& [key, value] : fields) json[std::string(key)] = value;
  spdlog::log(at, "{}",
              json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace tasker::sinks
