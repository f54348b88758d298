// From a text to a tree of values, whatever the text.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string_view>

#include "config/yaml/yaml_report.h"
#include "config/yaml/yaml_value.h"

namespace tasker::config {

// Values of a document, its aliases written out.
inline constexpr std::uint32_t kYamlValuesMax = 2'000'000;
// How deep they may be nested.
inline constexpr std::uint16_t kYamlLevelsMax = 100;

// A text's first document, which is a map. Owns all values. One thread at a time.
class YamlDocument {
 public:
  // Nullopt, with errors reported, if the text is not UTF-8, not YAML, or no map; if it is longer
  // than `bytes_max`; or if it goes beyond the limits above. Neither takes more time or memory than
  // a text of that length honestly could.
  //
  // A repeated key takes its last value, with a warning; `<<` takes in the keys of other maps; a
  // tag other than YAML's own is an error, and so is a key that is not a scalar.
  static std::optional<YamlDocument> Parse(std::string_view text, std::size_t bytes_max,
                                           YamlReport& report);

  const YamlMap& top() const { return root_->entries; }
  // For laying other maps over it.
  YamlValue& root() { return *root_; }

  // A further value, which lives as long as the document.
  YamlValue& Make(YamlValue::Kind kind, Place place);

 private:
  YamlDocument() : values_(std::make_unique<std::deque<YamlValue>>()) {}

  // A deque, so that a new one moves none.
  std::unique_ptr<std::deque<YamlValue>> values_;
  YamlValue* root_ = nullptr;
};

// Whether `text` is well-formed UTF-8.
bool IsUtf8(std::string_view text);

}  // namespace tasker::config
