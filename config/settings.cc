#include "config/settings.h"

#include <algorithm>
#include <array>
#include <exception>
#include <functional>
#include <map>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "config/sinks/sinks_reader.h"
#include "config/spelling.h"
#include "config/units.h"
#include "config/yaml/yaml_document.h"
#include "config/yaml/yaml_fields.h"

namespace tasker::config {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kSettingsBytesMax = 1u << 20;
constexpr std::uint64_t kPayloadBytesLeast = 1u << 10;
constexpr std::uint32_t kHandlerClassLimitMax = 1'000'000;
constexpr std::uint64_t kPayloadBytesMost = 64u << 20;
constexpr std::uint32_t kBackupsMost = 100'000;
constexpr std::uint64_t kTaskBytesLeast = 64u << 10;
constexpr std::uint64_t kStoreBytesLeast = 8u << 20;
constexpr std::uint64_t kStoreBytesMost = std::uint64_t{1} << 40;
constexpr std::array<std::string_view, 5> kLogLevels = {"trace", "debug", "info", "warn", "error"};

// One section of the file: a map of keys, each with the function that reads it.
class Section {
 public:
  using Read = std::function<void(const YamlFields& fields, const std::string& key)>;

  Section(std::string path, std::map<std::string, Read> keys)
      : path_(std::move(path)), keys_(std::move(keys)) {}

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    names.reserve(keys_.size());
    for (const auto& [key, read] : keys_) names.push_back(key);
    return names;
  }

  void ReadFrom(const YamlMap& map, Place place, YamlReport& report) const {
    const YamlFields fields(map, place, path_, &report);
    const std::vector<std::string> known = names();
    for (const YamlEntry& entry : map) {
      const auto found = keys_.find(entry.key);
      if (found == keys_.end()) {
        report.Error(entry.key_place, Join(path_, entry.key),
                     absl::StrCat("is not a setting", DidYouMean(entry.key, known)));
      } else if (fields.Has(entry.key)) {
        found->second(fields, entry.key);
      }
    }
  }

 private:
  const std::string path_;
  const std::map<std::string, Read> keys_;
};

// Reads one file into `settings`.
class Reader {
 public:
  Reader(Settings* settings, const VariableLookup* variables, YamlReport* report)
      : settings_(*settings), variables_(*variables), report_(*report) {}

  Section Top() {
    return Section(
        "",
        {{"listen", Text(&settings_.listen, IsHostPort, "host:port")},
         {"data", Text(&settings_.data, IsNotEmpty, "a folder")},
         {"environment", Text(&settings_.environment, IsAnything, "")},
         {"templates", Text(&settings_.templates, IsAnything, "")},
         {"templates_rescan", Duration(&settings_.templates_rescan, milliseconds(0))},
         {"strict_variables", Flag(&settings_.strict_variables)},
         {"drain", Duration(&settings_.drain)},
         {"store", Map({{"memory", Size(&settings_.store_memory_bytes, kStoreBytesLeast,
                                        kStoreBytesMost, "8MiB to 1TiB")}})},
         {"retention", Retention(&settings_.retention)},
         {"backups", Map({{"folder", Text(&settings_.backups_folder, IsAnything, "")},
                          {"keep", Count(&settings_.backups_keep, kBackupsMost)}})},
         {"metrics", Map({{"listen", Text(&settings_.metrics_listen, IsEmptyOrHostPort,
                                          "host:port, or empty for none")}})},
         {"tls", Map({{"certificate", Text(&settings_.tls.certificate, IsAnything, "")},
                      {"key", Text(&settings_.tls.key, IsAnything, "")},
                      {"client_ca", Text(&settings_.tls.client_ca, IsAnything, "")}})},
         {"auth", Map({{"tokens", Text(&settings_.access_tokens, IsAnything, "")}})},
         {"log", Map({{"level", Text(&settings_.log_level, IsLogLevel,
                                     "one of trace, debug, info, warn, error")}})},
         {"handlers", Map({{"lease", Duration(&settings_.lease)},
                           {"heartbeat", Duration(&settings_.heartbeat)},
                           {"confirm_within", Duration(&settings_.confirm_within)},
                           {"cancel_grace", Duration(&settings_.cancel_grace)}})},
         {"limits", Map({{"payload", Size(&settings_.payload_bytes_max, kPayloadBytesLeast,
                                          kPayloadBytesMost, "1KiB to 64MiB")},
                         {"task_memory", Size(&settings_.task_memory_bytes, kTaskBytesLeast,
                                              kStoreBytesMost, "64KiB to 1TiB")},
                         {"handler_classes", Counts(&settings_.handler_class_limits)}})},
         {"events",
          Map({{"undeclared", Choice(&settings_.refuse_undeclared_events, "allow", "refuse")}})},
         {"retry", Map({{"backoff", Durations(&settings_.retry.backoff)},
                        {"multiplier", Number(&settings_.retry.multiplier, 1, 100)},
                        {"backoff_max", Duration(&settings_.retry.backoff_max)},
                        {"jitter", Number(&settings_.retry.jitter, 0, 1)}})},
         {"sinks", Sinks()}});
  }

  void ReadFrom(const YamlMap& top) {
    Top().ReadFrom(top, top.empty() ? Place() : top[0].key_place, report_);
    CheckSecurity();
    if (settings_.heartbeat * 2 >= settings_.lease) {
      report_.Error(absl::StrCat("handlers.heartbeat (", settings_.heartbeat.count(),
                                 "ms) must be less than half of handlers.lease (",
                                 settings_.lease.count(), "ms)"));
    }
  }

 private:
  void CheckSecurity() {
    const TlsSettings& tls = settings_.tls;
    if (tls.certificate.empty() != tls.key.empty()) {
      report_.Error("tls.certificate and tls.key belong together: give both or neither");
    }
    if (!tls.client_ca.empty() && tls.certificate.empty()) {
      report_.Error("tls.client_ca needs tls.certificate and tls.key");
    }
    // In clear text anybody on the way could read them.
    if (!settings_.access_tokens.empty() && tls.certificate.empty()) {
      report_.Error("auth.tokens needs tls.certificate and tls.key");
    }
  }

  static bool IsAnything(std::string_view) { return true; }
  static bool IsNotEmpty(std::string_view text) { return !text.empty(); }
  static bool IsLogLevel(std::string_view text) {
    return std::ranges::find(kLogLevels, text) != kLogLevels.end();
  }
  static bool IsHostPort(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    std::uint32_t port = 0;
    if (colon == std::string_view::npos || colon == 0) return false;
    return absl::SimpleAtoi(std::string(text.substr(colon + 1)), &port) && port <= 65535;
  }
  static bool IsEmptyOrHostPort(std::string_view text) { return text.empty() || IsHostPort(text); }

  // The field's text with its variables filled in.
  std::optional<std::string> Filled(const YamlFields& fields, const std::string& key) {
    const std::optional<std::string> text = fields.Text(key);
    if (!text) return std::nullopt;
    Interpolated filled = Interpolate(*text, variables_);
    if (filled.unset.empty()) return std::move(filled.text);
    fields.Error(key, absl::StrCat("the variable ", filled.unset[0], " is not set"));
    return std::nullopt;
  }

  Section::Read Text(std::string* out, bool (*is_right)(std::string_view), std::string expected) {
    return [this, out, is_right, expected = std::move(expected)](const YamlFields& fields,
                                                                 const std::string& key) {
      const std::optional<std::string> text = Filled(fields, key);
      if (!text) return;
      if (is_right(*text)) {
        *out = *text;
      } else {
        fields.Error(key, absl::StrCat("`", *text, "` is not ", expected));
      }
    };
  }

  // One of two words, of which the second is true.
  Section::Read Choice(bool* out, std::string_view no, std::string_view yes) {
    return [this, out, no, yes](const YamlFields& fields, const std::string& key) {
      const std::optional<std::string> text = Filled(fields, key);
      if (!text) return;
      if (*text == no || *text == yes) {
        *out = *text == yes;
      } else {
        fields.Error(key, absl::StrCat("`", *text, "` is neither ", std::string(no), " nor ",
                                       std::string(yes)));
      }
    };
  }

  // At least `least`.
  Section::Read Duration(milliseconds* out, milliseconds least = milliseconds(1)) {
    return [this, out, least](const YamlFields& fields, const std::string& key) {
      const std::optional<std::string> text = Filled(fields, key);
      if (!text) return;
      const std::optional<milliseconds> duration = ParseDuration(*text);
      if (duration && *duration >= least) {
        *out = *duration;
      } else {
        fields.Error(key,
                     absl::StrCat("`", *text, "` is not a duration such as 30s, 250ms or 1h30m"));
      }
    };
  }

  Section::Read Durations(std::vector<milliseconds>* out) {
    return [out](const YamlFields& fields, const std::string& key) {
      std::vector<milliseconds> durations;
      for (const std::string& text : fields.TextList(key)) {
        const std::optional<milliseconds> duration = ParseDuration(text);
        if (!duration) {
          fields.Error(key,
                       absl::StrCat("`", text, "` is not a duration such as 30s, 250ms or 1h30m"));
          return;
        }
        durations.push_back(*duration);
      }
      if (!durations.empty()) *out = std::move(durations);
    };
  }

  Section::Read Size(std::uint64_t* out, std::uint64_t least, std::uint64_t most,
                     std::string range) {
    return [this, out, least, most, range = std::move(range)](const YamlFields& fields,
                                                              const std::string& key) {
      const std::optional<std::string> text = Filled(fields, key);
      if (!text) return;
      const std::optional<std::uint64_t> size = ParseSize(*text);
      if (size && *size >= least && *size <= most) {
        *out = *size;
      } else {
        fields.Error(key, absl::StrCat("`", *text, "` is not a size from ", range));
      }
    };
  }

  Section::Read Retention(RetentionSettings* out) {
    return [this, out](const YamlFields& fields, const std::string& key) {
      fields.WithMap(key, [&](const YamlFields& inner) { *out = ReadRetention(inner, report_); });
    };
  }

  Section::Read Sinks() {
    return [this](const YamlFields& fields, const std::string& key) {
      ReadSinks(*fields.Find(key), variables_, UnsetVariables::kPassedOver, report_);
    };
  }

  Section::Read Count(std::uint32_t* out, std::uint32_t most) {
    return [out, most](const YamlFields& fields, const std::string& key) {
      if (const auto count = fields.Count(key, most)) *out = *count;
    };
  }

  static Section::Read Flag(bool* out) {
    return [out](const YamlFields& fields, const std::string& key) {
      if (const auto flag = fields.Flag(key)) *out = *flag;
    };
  }

  Section::Read Counts(std::map<std::string, std::uint32_t>* out) {
    return [this, out](const YamlFields& fields, const std::string& key) {
      const YamlValue& node = *fields.Find(key);
      if (!node.is_map()) {
        fields.Error(key, "must be a map of handler classes and numbers");
        return;
      }
      const YamlFields counts(node.entries, node.place, Join("limits", key), &report_);
      for (const YamlEntry& entry : node.entries) {
        if (const auto count = counts.Count(entry.key, kHandlerClassLimitMax)) {
          (*out)[entry.key] = *count;
        }
      }
    };
  }

  Section::Read Number(double* out, double least, double most) {
    return [this, out, least, most](const YamlFields& fields, const std::string& key) {
      const std::optional<std::string> text = Filled(fields, key);
      double number = 0;
      if (!text) return;
      if (absl::SimpleAtod(*text, &number) && number >= least && number <= most) {
        *out = number;
      } else {
        fields.Error(key, absl::StrCat("`", *text, "` is not a number from ", least, " to ", most));
      }
    };
  }

  Section::Read Map(std::map<std::string, Section::Read> keys) {
    return [this, keys = std::move(keys)](const YamlFields& fields, const std::string& key) {
      const YamlValue& node = *fields.Find(key);
      if (!node.is_map()) {
        fields.Error(key, "must be a map");
        return;
      }
      Section(key, keys).ReadFrom(node.entries, node.place, report_);
    };
  }

  Settings& settings_;
  const VariableLookup& variables_;
  YamlReport& report_;
};

}  // namespace

std::vector<std::string> SettingNames() {
  Settings settings;
  const VariableLookup variables;
  YamlReport report{""};
  return Reader(&settings, &variables, &report).Top().names();
}

LoadedSettings LoadSettings(std::string_view yaml, std::string_view source_name,
                            const VariableLookup& variables) {
  LoadedSettings loaded;
  YamlReport report{std::string(source_name)};
  try {
    if (const auto document = YamlDocument::Parse(yaml, kSettingsBytesMax, report)) {
      Reader(&loaded.settings, &variables, &report).ReadFrom(document->top());
    }
  } catch (const std::exception& error) {
    // Such as for want of memory; nothing of it may get out.
    report.Error(absl::StrCat("cannot be read as settings: ", error.what()));
  }
  loaded.diagnostics = report.Take();
  return loaded;
}

}  // namespace tasker::config
