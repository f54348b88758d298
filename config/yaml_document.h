// From a text to YAML nodes, whatever the text.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "config/yaml_report.h"

namespace tasker::config {

// One key of a map and its value, with the places of both.
struct YamlEntry {
  std::string key;
  YAML::Mark key_mark;
  YAML::Node value;
};

// A map in the order of the text, each key once.
using YamlMap = std::vector<YamlEntry>;

// The text's first document if it is a map; nullopt, with an error reported, if not. Texts longer
// than `bytes_max`, or not UTF-8, are refused before they are parsed. Never throws.
std::optional<YamlMap> ReadDocument(std::string_view yaml, std::size_t bytes_max,
                                    YamlReport& report);

// The entries of a map node. A repeated key takes its last value, with a warning; a key that is not
// a scalar is an error. `path` is the map's own.
YamlMap EntriesOf(const YAML::Node& map, const std::string& path, YamlReport& report);

// The entry of that key, or null.
const YamlEntry* FindEntry(const YamlMap& map, std::string_view key);

// `path.key`, or `key` if `path` is empty.
std::string Join(const std::string& path, std::string_view key);

// Whether `text` is well-formed UTF-8.
bool IsUtf8(std::string_view text);

}  // namespace tasker::config
