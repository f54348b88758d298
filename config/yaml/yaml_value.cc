#include "config/yaml/yaml_value.h"

#include <algorithm>

namespace tasker::config {

const YamlEntry* FindEntry(const YamlMap& map, std::string_view key) {
  const auto found = std::ranges::find(map, key, &YamlEntry::key);
  return found == map.end() ? nullptr : &*found;
}

std::string Join(std::string_view path, std::string_view key) {
  std::string joined(path);
  if (!joined.empty()) joined += '.';
  return joined.append(key);
}

std::string Join(std::string_view path, std::size_t index) {
  return std::string(path) + "[" + std::to_string(index) + "]";
}

}  // namespace tasker::config
