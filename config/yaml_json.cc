#include "config/yaml_json.h"

#include <charconv>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include <re2/re2.h>

#include "config/yaml_document.h"

namespace tasker::config {
namespace {

using Json = YamlToJson::Json;

constexpr int kDepthMax = 100;
constexpr std::size_t kValuesMax = 1'000'000;

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
  static const RE2 decimal("[-+]?[0-9]+");
  static const RE2 other_base("0o[0-7]+|0x[0-9a-fA-F]+");
  static const RE2 real(R"([-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?)");
  const std::string_view digits = std::string_view(text).substr(text.starts_with('+') ? 1 : 0);
  if (RE2::FullMatch(text, decimal)) {
    if (auto number = ParseInteger<std::int64_t>(digits, 10)) return number;
    if (auto number = ParseInteger<std::uint64_t>(digits, 10)) return number;
  } else if (RE2::FullMatch(text, other_base)) {
    return ParseInteger<std::uint64_t>(digits.substr(2), text[1] == 'x' ? 16 : 8);
  }
  double number = 0;
  if (RE2::FullMatch(text, real) && absl::SimpleAtod(text, &number)) return Json(number);
  return std::nullopt;
}

std::optional<Json> ParsePlain(const std::string& text) {
  if (text == "true" || text == "True" || text == "TRUE") return Json(true);
  if (text == "false" || text == "False" || text == "FALSE") return Json(false);
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") {
    return Json(nullptr);
  }
  return ParseNumber(text);
}

}  // namespace

Json YamlToJson::At(const YAML::Node& node, const std::string& path, int depth) {
  if (refused_) return nullptr;
  if (depth > kDepthMax || ++values_ > kValuesMax) {
    refused_ = true;
    report_.Error(node.Mark(), path,
                  depth > kDepthMax ? absl::StrCat("is nested deeper than ", kDepthMax, " levels")
                                    : absl::StrCat("holds more than ", kValuesMax,
                                                   " values once its aliases are written out"));
    return nullptr;
  }
  if (node.IsScalar()) return Scalar(node, path);
  if (node.IsSequence()) {
    Json list = Json::array();
    for (std::size_t i = 0; i < node.size() && !refused_; ++i) {
      list.push_back(At(node[i], absl::StrCat(path, "[", i, "]"), depth + 1));
    }
    return list;
  }
  if (node.IsMap()) {
    Json map = Json::object();
    for (const YamlEntry& entry : EntriesOf(node, path, report_)) {
      map[entry.key] = At(entry.value, Join(path, entry.key), depth + 1);
    }
    return map;
  }
  return nullptr;
}

Json YamlToJson::Scalar(const YAML::Node& node, const std::string& path) {
  const std::string& text = node.Scalar();
  // yaml-cpp tags a plain scalar with `?` and a quoted one with `!`.
  if (node.Tag() == "?") {
    if (std::optional<Json> plain = ParsePlain(text)) return *std::move(plain);
  }
  if (variables_ == nullptr) return text;
  Interpolated filled = Interpolate(text, *variables_);
  for (const std::string& name : filled.unset) {
    report_.Warn(node.Mark(), path, absl::StrCat("the variable ", name, " is not set"));
  }
  return std::move(filled.text);
}

}  // namespace tasker::config
