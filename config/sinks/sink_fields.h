// Fields of a sink's settings: YamlFields, for which an unknown key is an error.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "config/spelling.h"
#include "config/units.h"
#include "config/yaml/yaml_fields.h"

namespace tasker::config {

// As YamlFields.
class SinkFields : public YamlFields {
 public:
  SinkFields(const YamlMap& map, Place place, std::string path, YamlReport* report)
      : YamlFields(map, place, std::move(path), report), own_map_(map), own_report_(*report) {}

  // An error for each key that is not in `known`, with the nearest that is.
  void RefuseUnknown(const std::vector<std::string>& known) const {
    for (const YamlEntry& entry : own_map_) {
      if (std::ranges::find(known, entry.key) != known.end()) continue;
      own_report_.Error(entry.key_place, Join(path(), entry.key),
                        absl::StrCat("is not a setting", DidYouMean(entry.key, known)));
    }
  }

  // Of the map as a whole.
  void ErrorHere(std::string message) const {
    own_report_.Error(PlaceOf(""), path(), std::move(message));
  }
  // Of one value below `key`, such as an item of its list.
  void ErrorAt(const YamlValue& value, const std::string& key, std::string message) const {
    own_report_.Error(value.place, Join(path(), key), std::move(message));
  }

  // Calls `read` with the fields of a map, if there is one; anything else is an error.
  void WithMap(const std::string& key, const std::function<void(const SinkFields&)>& read) const {
    const YamlValue* value = Find(key);
    if (value == nullptr) return;
    if (!value->is_map()) {
      own_report_.Error(value->place, Join(path(), key), "must be a map");
      return;
    }
    read(SinkFields(value->entries, value->place, Join(path(), key), &own_report_));
  }

  // A duration of 1 ms or more; `out` stays as it is without one.
  void Duration(const std::string& key, std::chrono::milliseconds* out) const {
    const std::optional<std::string> text = Text(key);
    if (!text) return;
    const std::optional<std::chrono::milliseconds> duration = ParseDuration(*text);
    if (duration && duration->count() > 0) {
      *out = *duration;
    } else {
      Error(key, absl::StrCat("`", Shown(key), "` is not a duration such as 30s, 250ms or 1h30m"));
    }
  }

  // A whole number from `least` to `most`.
  std::optional<std::uint32_t> CountFrom(const std::string& key, std::uint32_t least,
                                         std::uint32_t most) const {
    const std::optional<std::uint32_t> count = Count(key, most);
    if (!count || *count >= least) return count;
    Error(key, absl::StrCat("must be a whole number from ", least, " to ", most));
    return std::nullopt;
  }

  // One text, or a list of them.
  std::vector<std::string> OneOrMore(const std::string& key) const {
    const YamlValue* value = Find(key);
    if (value == nullptr || value->is_list()) return TextList(key);
    const std::optional<std::string> text = Text(key);
    return text ? std::vector<std::string>{*text} : std::vector<std::string>{};
  }

 private:
  const YamlMap& own_map_;
  YamlReport& own_report_;
};

}  // namespace tasker::config
