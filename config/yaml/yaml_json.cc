#include "config/yaml/yaml_json.h"

#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include <re2/re2.h>

#include "config/yaml/legacy_scalar.h"

namespace tasker::config {
namespace {

using Json = nlohmann::ordered_json;

template <typename Number>
std::optional<Json> ParseInteger(std::string_view digits, int base) {
  Number number{};
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return Json(number);
}

// A number by YAML 1.2's core schema (section 10.3.2); nullopt if `text` is none.
std::optional<Json> ParseNumber(const std::string& text) {
  static const RE2 other_base("0o[0-7]+|0x[0-9a-fA-F]+");
  static const RE2 real(R"([-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?)");
  const auto first = static_cast<unsigned char>(text[0]);
  if (!absl::ascii_isdigit(first) && first != '-' && first != '+' && first != '.') {
    return std::nullopt;
  }
  const std::string_view digits = std::string_view(text).substr(first == '+' ? 1 : 0);
  if (!digits.starts_with('+')) {
    if (auto number = ParseInteger<std::int64_t>(digits, 10)) return number;
    if (auto number = ParseInteger<std::uint64_t>(digits, 10)) return number;
  }
  if (RE2::FullMatch(text, other_base)) {
    return ParseInteger<std::uint64_t>(digits.substr(2), text[1] == 'x' ? 16 : 8);
  }
  double number = 0;
  if (RE2::FullMatch(text, real) && absl::SimpleAtod(text, &number)) return Json(number);
  return std::nullopt;
}

}  // namespace

Json PlainToJson(const std::string& plain) {
  if (plain.empty() || plain == "~" || plain == "null" || plain == "Null" || plain == "NULL") {
    return nullptr;
  }
  if (plain == "true" || plain == "True" || plain == "TRUE") return true;
  if (plain == "false" || plain == "False" || plain == "FALSE") return false;
  if (std::optional<Json> number = ParseNumber(plain)) return *std::move(number);
  return plain;
}

Json ToJson(const YamlValue& value, VariableForm form) {
  switch (value.kind) {
    case YamlValue::Kind::kNull:
      return nullptr;
    case YamlValue::Kind::kScalar:
      if (value.is_plain && value.written.empty()) return PlainToJson(value.text);
      return form == VariableForm::kFilled ? value.text : value.shown();
    case YamlValue::Kind::kList: {
      Json list = Json::array();
      for (const YamlValue* item : value.items) list.push_back(ToJson(*item, form));
      return list;
    }
    case YamlValue::Kind::kMap:
      return ToJson(value.entries, form);
  }
  return nullptr;
}

Json ToJson(const YamlMap& map, VariableForm form) {
  // Each key is there once, so that none need be looked for; an ordered map would look at all.
  Json::object_t object;
  object.reserve(map.size());
  for (const YamlEntry& entry : map) {
    // NOLINTNEXTLINE(modernize-use-emplace): its emplace is the one that looks.
    object.push_back({entry.key, ToJson(*entry.value, form)});
  }
  return object;
}

void WarnOfYaml11Below(const YamlValue& value, const std::string& path, YamlReport& report) {
  if (report.full()) return;
  WarnOfYaml11(value, path, false, report);
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    WarnOfYaml11Below(*value.items[i], Join(path, i), report);
  }
  for (const YamlEntry& entry : value.entries) {
    WarnOfYaml11Below(*entry.value, Join(path, entry.key), report);
  }
}

}  // namespace tasker::config
