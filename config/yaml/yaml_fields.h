// Reading typed fields out of a YAML map, with an error that says what is expected where.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/yaml/yaml_report.h"
#include "config/yaml/yaml_value.h"

namespace tasker::config {

// The fields of one map. A key without a value, or with null, counts as absent. Each reader
// reports a value of the wrong type and then behaves as if the field were absent. Values count with
// their variables filled in, and are shown without.
class YamlFields {
 public:
  // `path` is the map's own; `place` where it stands. Map and report must outlive this object.
  YamlFields(const YamlMap& map, Place place, std::string path, YamlReport* report)
      : map_(map), place_(place), path_(std::move(path)), report_(*report) {}

  // The field's value; null if it is absent.
  const YamlValue* Find(std::string_view key) const;
  bool Has(std::string_view key) const { return Find(key) != nullptr; }

  // Any scalar, by its text: `version: 1.0` is the text 1.0.
  std::optional<std::string> Text(std::string_view key) const;
  // Likewise, but an error if it is absent or empty.
  std::optional<std::string> RequiredText(std::string_view key) const;
  // A scalar as it may be shown; empty if it is absent or none.
  std::string Shown(std::string_view key) const;
  // YAML 1.2's true and false; what YAML 1.1 took for one (`yes`, `off`) too, with a warning.
  std::optional<bool> Flag(std::string_view key) const;
  // A whole number from 0 to `max`.
  std::optional<std::uint32_t> Count(std::string_view key, std::uint32_t max) const;
  // A number from `least` to `most`.
  std::optional<double> Number(std::string_view key, double least, double most) const;
  // The number that the field is; nullopt, and no error, if it is none, or one in quotes.
  std::optional<double> MaybeNumber(std::string_view key) const;
  // A span of time as ParseSpan reads it.
  std::optional<std::chrono::microseconds> Span(std::string_view key) const;
  std::vector<std::chrono::microseconds> SpanList(std::string_view key) const;
  // Calls `read` with the fields of a map, if there is one.
  void WithMap(std::string_view key, const std::function<void(const YamlFields&)>& read) const;
  // A list of scalars.
  std::vector<std::string> TextList(std::string_view key) const;
  // Likewise, with the place of each.
  std::vector<const YamlValue*> Texts(std::string_view key) const;

  // All keys, in their order.
  std::vector<std::string> Keys() const;

  // Tells of each key that is not in `known` that it has no effect (YamlReport::NoEffect), and what
  // was meant: what `meant` says, or the nearest that is known.
  void TellUnknown(std::span<const std::string> known,
                   std::span<const std::pair<std::string_view, std::string_view>> meant = {}) const;

  void Error(std::string_view key, std::string message) const;
  void Warn(std::string_view key, std::string message) const;

  const std::string& path() const { return path_; }
  // The place of the field, or of the map if it is absent.
  Place PlaceOf(std::string_view key) const;

 private:
  // A scalar whose type is told by its key, so that a word that is one in YAML 1.1 is a surprise.
  const YamlValue* Scalar(std::string_view key) const;

  const YamlMap& map_;
  const Place place_;
  const std::string path_;
  YamlReport& report_;
};

}  // namespace tasker::config
