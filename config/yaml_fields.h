// Reading typed fields out of a YAML map, with an error that says what is expected where.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/yaml_document.h"
#include "config/yaml_report.h"

namespace tasker::config {

// The fields of one map. A key without a value, or with null, counts as absent. Each reader
// reports a value of the wrong type and then behaves as if the field were absent.
class YamlFields {
 public:
  // `path` is the map's own; `mark` its place. All must outlive this object.
  YamlFields(const YamlMap& map, YAML::Mark mark, std::string path, YamlReport* report)
      : map_(map), mark_(mark), path_(std::move(path)), report_(*report) {}

  // The field's node; nullopt if it is absent.
  std::optional<YAML::Node> Node(std::string_view key) const;

  // Any scalar, by its text: `version: 1.0` is the text 1.0.
  std::optional<std::string> Text(std::string_view key) const;
  // Likewise, but an error if it is absent or empty.
  std::optional<std::string> RequiredText(std::string_view key) const;
  // YAML 1.2's true and false; what YAML 1.1 took for one (`yes`, `off`) too, with a warning.
  std::optional<bool> Flag(std::string_view key) const;
  // A whole number from 0 to `max`.
  std::optional<std::uint32_t> Count(std::string_view key, std::uint32_t max) const;
  // A number from `least` to `most`.
  std::optional<double> Number(std::string_view key, double least, double most) const;
  // A span of time as ParseSpan reads it.
  std::optional<std::chrono::microseconds> Span(std::string_view key) const;
  std::vector<std::chrono::microseconds> SpanList(std::string_view key) const;
  // Calls `read` with the fields of a map, if there is one.
  void WithMap(std::string_view key, const std::function<void(const YamlFields&)>& read) const;
  // A list of scalars.
  std::vector<std::string> TextList(std::string_view key) const;

  // All keys, in their order.
  std::vector<std::string> Keys() const;

  // Warns of each key that is not in `known`, with the nearest that is.
  void WarnOfUnknown(std::span<const std::string> known) const;

  void Error(std::string_view key, std::string message) const;

 private:
  // The place of the field, or of the map if it is absent.
  YAML::Mark MarkOf(std::string_view key) const;

  const YamlMap& map_;
  const YAML::Mark mark_;
  const std::string path_;
  YamlReport& report_;
};

}  // namespace tasker::config
