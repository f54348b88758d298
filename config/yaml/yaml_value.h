// What a YAML text says, as a tree.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/yaml/place.h"

namespace tasker::config {

struct YamlValue;

// One key of a map, with its place and its value, which is never null.
struct YamlEntry {
  std::string key;
  Place key_place;
  YamlValue* value = nullptr;
};

// A map in the order of the text, each key once.
using YamlMap = std::vector<YamlEntry>;

// One value. Owned by its YamlDocument; several maps and lists may hold the same, by aliases.
struct YamlValue {
  enum class Kind : std::uint8_t {
    // Nothing, `~` or `null`; it has a text all the same.
    kNull,
    kScalar,
    kList,
    kMap
  };

  Kind kind = Kind::kNull;
  // Of a scalar: neither quoted nor in a block, so that its text decides on its type.
  bool is_plain = false;
  // How many values and levels it has, aliases written out, itself included.
  std::uint16_t height = 1;
  std::uint32_t weight = 1;
  Place place;
  // Of a scalar: what counts, which is `written` with its variables filled in.
  std::string text;
  // Of a scalar in which variables were filled in: as it stands in the text; else empty.
  std::string written;
  std::vector<YamlValue*> items;
  YamlMap entries;

  bool is_null() const { return kind == Kind::kNull; }
  bool is_scalar() const { return kind == Kind::kScalar; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_map() const { return kind == Kind::kMap; }

  // The scalar as it stands in the text: to be shown to people, who may not see what variables
  // hold.
  const std::string& shown() const { return written.empty() ? text : written; }
};

// The entry of that key, or null.
const YamlEntry* FindEntry(const YamlMap& map, std::string_view key);

// `path.key`, or `key` if `path` is empty.
std::string Join(std::string_view path, std::string_view key);
// `path[index]`.
std::string Join(std::string_view path, std::size_t index);

}  // namespace tasker::config
