// Fields in which variables may stand that people are not to see.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/yaml/yaml_fields.h"

namespace tasker::config {

// A text for people: as it is written, or with `reveal` as its variables fill it in.
std::optional<std::string> ReadShownText(const YamlFields& fields, std::string_view key,
                                         bool reveal);

// A map as JSON, for those who work with it, and as people may see it; both empty if there is none.
struct JsonTexts {
  std::string filled;
  std::string shown;
};

// Reads a map; anything else is an error that says `expected`. With `reveal` both texts are the
// same.
JsonTexts ReadJsonTexts(const YamlFields& fields, std::string_view key, std::string_view expected,
                        bool reveal, YamlReport& report);

}  // namespace tasker::config
