#include "config/sinks/sinks_reader.h"

#include <algorithm>
#include <exception>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "config/settings.h"
#include "config/sinks/sink_fields.h"
#include "config/sinks/target_reader.h"
#include "config/spelling.h"
#include "config/yaml/yaml_document.h"
#include "config/yaml/yaml_fields.h"
#include "engine/model/priority.h"

namespace tasker::config {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kBytesMax = 1u << 20;
constexpr std::size_t kSinksMax = 1'000;
// The contract's limits; see Subscription, EventFilter and SubscribeRequest.
constexpr std::size_t kNameBytesMax = 128;
constexpr std::size_t kFilterNamesMax = 100;
constexpr std::size_t kFilterTaskIdsMax = 1'000;
constexpr std::size_t kFilterTagsMax = 32;
constexpr std::size_t kWhereBytesMax = 4096;
using engine::kPriorityMax;
constexpr std::uint32_t kInFlightMax = 10'000;
constexpr milliseconds kAckTimeoutLeast{100};
constexpr milliseconds kAckTimeoutMost = std::chrono::hours(24);
constexpr std::uint32_t kAttemptsMost = 1'000'000;

// Fills in variables, and remembers where one was not set.
class VariableFiller {
 public:
  VariableFiller(const VariableLookup& variables, UnsetVariables unset, YamlReport& report)
      : variables_(variables), unset_(unset), report_(report) {}

  void Fill(YamlValue& value, const std::string& path) {
    for (const YamlEntry& entry : value.entries) Fill(*entry.value, Join(path, entry.key));
    for (std::size_t i = 0; i < value.items.size(); ++i) Fill(*value.items[i], Join(path, i));
    // An alias leads to the same value again: what came from a variable is not looked at twice.
    if (!value.is_scalar() || !value.written.empty()) return;
    if (value.text.find("${") == std::string::npos) return;
    Interpolated filled = Interpolate(value.text, variables_);
    if (!filled.unset.empty()) {
      unset_places_.insert(value.place);
      if (unset_ == UnsetVariables::kRefused) {
        report_.Error(value.place, path,
                      absl::StrCat("the variable ", filled.unset[0], " is not set"));
      }
      return;
    }
    if (!IsUtf8(filled.text)) {
      report_.Error(value.place, path,
                    absl::StrCat("`", value.text, "` refers to a variable that is not UTF-8"));
      unset_places_.insert(value.place);
      return;
    }
    value.written = std::exchange(value.text, std::move(filled.text));
  }

  // Whether what stands there is not known, so that nothing can be said against it.
  bool IsUnknown(Place place) const { return unset_places_.contains(place); }

 private:
  const VariableLookup& variables_;
  const UnsetVariables unset_;
  YamlReport& report_;
  std::set<Place> unset_places_;
};

bool IsSinkName(std::string_view name) {
  const auto allowed = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= kNameBytesMax && std::ranges::all_of(name, allowed);
}

void CheckCount(const SinkFields& fields, const std::string& key, std::size_t count,
                std::size_t most) {
  if (count > most) fields.Error(key, absl::StrCat("has ", count, " entries; at most ", most));
}

SinkFilter ReadFilter(const SinkFields& fields) {
  SinkFilter filter;
  fields.RefuseUnknown(
      {"names", "categories", "namespace", "task_name", "task_ids", "priorities", "tags", "where"});
  filter.names = fields.TextList("names");
  CheckCount(fields, "names", filter.names.size(), kFilterNamesMax);
  const std::vector<std::string> known = {"task",          "step",     "workflow",
                                          "observability", "registry", "custom"};
  for (const YamlValue* each : fields.Texts("categories")) {
    filter.categories.push_back(each->text);
    if (std::ranges::find(known, each->text) != known.end()) continue;
    fields.ErrorAt(
        *each, "categories",
        absl::StrCat("`", each->shown(), "` is no category", DidYouMean(each->text, known)));
  }
  filter.namespace_name = fields.Text("namespace").value_or("");
  filter.task_name = fields.Text("task_name").value_or("");
  filter.task_ids = fields.TextList("task_ids");
  CheckCount(fields, "task_ids", filter.task_ids.size(), kFilterTaskIdsMax);
  for (const YamlValue* each : fields.Texts("priorities")) {
    const std::string& text = each->text;
    if (text.size() == 1 && absl::ascii_isdigit(static_cast<unsigned char>(text[0]))) {
      filter.priorities.push_back(static_cast<std::uint32_t>(text[0] - '0'));
    } else {
      fields.ErrorAt(
          *each, "priorities",
          absl::StrCat("`", each->shown(), "` is not a whole number from 0 to ", kPriorityMax));
    }
  }
  filter.tags = fields.TextList("tags");
  CheckCount(fields, "tags", filter.tags.size(), kFilterTagsMax);
  filter.where = fields.Text("where").value_or("");
  if (filter.where.size() > kWhereBytesMax) {
    fields.Error("where", absl::StrCat("has more than ", kWhereBytesMax, " bytes"));
  }
  return filter;
}

SinkRetries ReadRetries(const SinkFields& fields) {
  SinkRetries retries;
  fields.RefuseUnknown({"attempts", "first", "multiplier", "max", "jitter"});
  if (const auto attempts = fields.CountFrom("attempts", 1, kAttemptsMost)) {
    retries.attempts = *attempts;
  }
  fields.Duration("first", &retries.first);
  if (const auto factor = fields.Number("multiplier", 1, 100)) retries.multiplier = *factor;
  fields.Duration("max", &retries.max);
  if (const auto jitter = fields.Number("jitter", 0, 1)) retries.jitter = *jitter;
  if (retries.max < retries.first) fields.Error("max", "must not be less than `first`");
  return retries;
}

CloudEventSettings ReadCloudEvents(const SinkFields& fields) {
  CloudEventSettings settings;
  fields.RefuseUnknown({"source", "type_prefix"});
  if (const auto source = fields.Text("source")) settings.source = *source;
  if (const auto prefix = fields.Text("type_prefix")) settings.type_prefix = *prefix;
  // A URI reference; see CloudEvents 1.0, `source`.
  const auto is_bad = [](char c) {
    return c <= ' ' || c > '~' || c == '"' || c == '<' || c == '>';
  };
  if (std::ranges::any_of(settings.source, is_bad) || settings.source.ends_with('/')) {
    fields.Error("source", "must be a URI or a path such as /tasker, without a slash at its end");
  }
  return settings;
}

SinkSettings ReadSink(const SinkFields& fields) {
  SinkSettings sink;
  fields.RefuseUnknown({"name", "filter", "start", "in_flight", "ack_timeout", "cloudevents",
                        "retries", "dead_letter", "target"});
  sink.name = fields.RequiredText("name").value_or("");
  if (!sink.name.empty() && !IsSinkName(sink.name)) {
    fields.Error("name", "must be letters, digits, `.`, `_` and `-`, at most 128");
  }
  fields.WithMap("filter", [&](const SinkFields& inner) { sink.filter = ReadFilter(inner); });
  if (const auto start = fields.Text("start")) {
    sink.from_earliest = *start == "earliest";
    if (!sink.from_earliest && *start != "now") {
      fields.Error("start", absl::StrCat("`", *start, "` is neither now nor earliest"));
    }
  }
  if (const auto most = fields.CountFrom("in_flight", 1, kInFlightMax)) sink.in_flight = *most;
  fields.Duration("ack_timeout", &sink.ack_timeout);
  if (sink.ack_timeout < kAckTimeoutLeast || sink.ack_timeout > kAckTimeoutMost) {
    fields.Error("ack_timeout", "must be from 100ms to 24h");
  }
  fields.WithMap("cloudevents",
                 [&](const SinkFields& inner) { sink.cloudevents = ReadCloudEvents(inner); });
  fields.WithMap("dead_letter", [&](const SinkFields& inner) {
    inner.RefuseUnknown({"file"});
    sink.dead_letter_file = inner.RequiredText("file").value_or("");
  });
  fields.WithMap("retries", [&](const SinkFields& inner) {
    sink.retries = ReadRetries(inner);
    if (sink.retries.attempts > 0 && !fields.Has("dead_letter")) {
      inner.Error("attempts", "needs `dead_letter: {file: PATH}`: nothing is ever dropped");
    }
  });
  if (!fields.Has("target")) {
    fields.Error("target", absl::StrCat("is required: one of ", TargetNames()));
  } else {
    fields.WithMap("target", [&](const SinkFields& inner) { sink.target = ReadTarget(inner); });
  }
  return sink;
}

// Twelve attempts unless told otherwise: about half an hour.
constexpr std::uint32_t kAttemptsByDefault = 12;

// Reports what only shows when all are seen.
class SinkSet {
 public:
  explicit SinkSet(YamlReport& report) : report_(report) {}

  void Add(const SinkSettings& sink, const SinkFields& fields) {
    if (!sink.name.empty() && !names_.insert(sink.name).second) {
      fields.Error("name", absl::StrCat("`", sink.name, "` is the name of a sink before it"));
    }
    if (!sink.dead_letter_file.empty()) {
      AddFile(sink.dead_letter_file, fields.PlaceOf("dead_letter"), fields.path());
    }
    if (const auto* file = std::get_if<FileSettings>(&sink.target); file && !file->path.empty()) {
      AddFile(file->path, fields.PlaceOf("target"), fields.path());
    }
  }

 private:
  void AddFile(const std::string& path, Place place, const std::string& key_path) {
    if (files_.insert(path).second) return;
    report_.Error(place, key_path,
                  absl::StrCat("the file ", path,
                               " is written to already: give "
                               "each sink one of its own"));
  }

  YamlReport& report_;
  std::set<std::string> names_;
  std::set<std::string> files_;
};

}  // namespace

std::vector<SinkSettings> ReadSinks(const YamlValue& list, const VariableLookup& variables,
                                    UnsetVariables unset, YamlReport& report) {
  if (!list.is_list()) {
    report.Error(list.place, "sinks", "must be a list of sinks, each with `name` and `target`");
    return {};
  }
  VariableFiller filler(variables, unset, report);
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    filler.Fill(*list.items[i], Join("sinks", i));
  }
  // What is said of a value that is not known is dropped: hence a report of its own.
  YamlReport found{""};
  SinkSet set(found);
  std::vector<SinkSettings> sinks;
  if (list.items.size() > kSinksMax) {
    report.Error(list.place, "sinks", absl::StrCat("there may be ", kSinksMax, " at most"));
    return {};
  }
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    const YamlValue& node = *list.items[i];
    const std::string path = Join("sinks", i);
    if (!node.is_map()) {
      found.Error(node.place, path, "must be a map with `name` and `target`");
      continue;
    }
    const SinkFields fields(node.entries, node.place, path, &found);
    SinkSettings sink = ReadSink(fields);
    sink.place = node.place;
    if (!sink.dead_letter_file.empty() && sink.retries.attempts == 0) {
      sink.retries.attempts = kAttemptsByDefault;
    }
    set.Add(sink, fields);
    sinks.push_back(std::move(sink));
  }
  for (const Diagnostic& each : found.Take()) {
    const Place place{static_cast<std::uint32_t>(each.line),
                      static_cast<std::uint32_t>(each.column)};
    if (place.is_known() && filler.IsUnknown(place)) continue;
    if (each.severity == Diagnostic::Severity::kError) {
      report.Error(place, each.key_path, each.message);
    } else {
      report.Warn(place, each.key_path, each.message);
    }
  }
  return sinks;
}

LoadedSinks LoadSinks(std::string_view yaml, std::string_view source_name,
                      const VariableLookup& variables) {
  LoadedSinks loaded;
  YamlReport report{std::string(source_name)};
  try {
    const auto document = YamlDocument::Parse(yaml, kBytesMax, report);
    if (document) {
      const std::vector<std::string> known = SettingNames();
      for (const YamlEntry& entry : document->top()) {
        if (std::ranges::find(known, entry.key) != known.end()) continue;
        report.Error(entry.key_place, entry.key,
                     absl::StrCat("is not a setting", DidYouMean(entry.key, known)));
      }
      const YamlEntry* sinks = FindEntry(document->top(), "sinks");
      if (sinks != nullptr && !sinks->value->is_null()) {
        loaded.sinks = ReadSinks(*sinks->value, variables, UnsetVariables::kRefused, report);
      }
      if (loaded.sinks.empty() && !report.has_errors()) {
        report.Error("there is no sink: give at least one under `sinks`");
      }
    }
  } catch (const std::exception& error) {
    // Such as for want of memory; nothing of it may get out.
    report.Error(absl::StrCat("cannot be read as settings: ", error.what()));
  }
  loaded.diagnostics = report.Take();
  return loaded;
}

}  // namespace tasker::config
