#include "config/yaml/yaml_fields.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "config/spelling.h"
#include "config/units.h"
#include "config/yaml/legacy_scalar.h"
#include "config/yaml/yaml_json.h"

namespace tasker::config {
namespace {

constexpr std::array<std::string_view, 4> kOldTrue = {"yes", "on", "y", "true"};
constexpr std::array<std::string_view, 4> kOldFalse = {"no", "off", "n", "false"};

constexpr std::string_view kNoSpan =
    "must be a span of time such as 500ms, 30s, 5m, 24h or 7d, or a number of seconds, over "
    "nothing "
    "and up to 10 years";

// The number that a scalar is, or that its text says: quoted, or filled in.
std::optional<double> NumberIn(const YamlValue& value) {
  if (!value.is_scalar()) return std::nullopt;
  const nlohmann::ordered_json json = ToJson(value, VariableForm::kFilled);
  if (json.is_number()) return json.get<double>();
  double number = 0;
  const bool is_bare = value.text.find_first_not_of("0123456789.") == std::string::npos;
  if (!json.is_string() || !is_bare || !absl::SimpleAtod(value.text, &number)) return std::nullopt;
  return number;
}

std::optional<std::chrono::microseconds> SpanIn(const YamlValue& value) {
  if (!value.is_scalar()) return std::nullopt;
  const nlohmann::ordered_json json = ToJson(value, VariableForm::kFilled);
  return ParseSpan(json.is_number() ? json.dump() : value.text);
}

const char* TypeOf(const YamlValue& value) {
  return value.is_map() ? "a map" : value.is_list() ? "a list" : "a plain value";
}

}  // namespace

const YamlValue* YamlFields::Find(std::string_view key) const {
  const YamlEntry* entry = FindEntry(map_, key);
  return entry == nullptr || entry->value->is_null() ? nullptr : entry->value;
}

const YamlValue* YamlFields::Scalar(std::string_view key) const {
  const YamlValue* value = Find(key);
  if (value != nullptr) WarnOfYaml11(*value, Join(path_, key), true, report_);
  return value;
}

std::optional<std::string> YamlFields::Text(std::string_view key) const {
  const YamlValue* value = Scalar(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_scalar()) return value->text;
  Error(key, absl::StrCat("must be a text, is ", TypeOf(*value)));
  return std::nullopt;
}

std::optional<std::string> YamlFields::RequiredText(std::string_view key) const {
  if (!Has(key)) {
    Error(key, "is required");
    return std::nullopt;
  }
  std::optional<std::string> text = Text(key);
  if (text && text->empty()) Error(key, "must not be empty");
  return text;
}

std::string YamlFields::Shown(std::string_view key) const {
  const YamlValue* value = Find(key);
  return value == nullptr ? "" : value->shown();
}

std::optional<bool> YamlFields::Flag(std::string_view key) const {
  const YamlValue* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_scalar()) {
    const std::string word = absl::AsciiStrToLower(value->text);
    const bool is_true = std::ranges::find(kOldTrue, word) != kOldTrue.end();
    const bool is_false = std::ranges::find(kOldFalse, word) != kOldFalse.end();
    if (is_true || is_false) {
      if (word != "true" && word != "false") {
        report_.Warn(value->place, Join(path_, key),
                     absl::StrCat("`", value->shown(), "` is read as ", is_true ? "true" : "false",
                                  ", as in YAML 1.1; write that"));
      }
      return is_true;
    }
  }
  Error(key, "must be true or false");
  return std::nullopt;
}

std::optional<std::uint32_t> YamlFields::Count(std::string_view key, std::uint32_t max) const {
  const YamlValue* value = Scalar(key);
  if (value == nullptr) return std::nullopt;
  const std::optional<double> number = NumberIn(*value);
  if (number && *number >= 0 && *number <= max && std::floor(*number) == *number) {
    return static_cast<std::uint32_t>(*number);
  }
  Error(key, absl::StrCat("must be a whole number from 0 to ", max));
  return std::nullopt;
}

std::optional<double> YamlFields::Number(std::string_view key, double least, double most) const {
  const YamlValue* value = Scalar(key);
  if (value == nullptr) return std::nullopt;
  const std::optional<double> number = NumberIn(*value);
  if (number && *number >= least && *number <= most) return number;
  Error(key, absl::StrCat("must be a number from ", least, " to ", most));
  return std::nullopt;
}

std::optional<double> YamlFields::MaybeNumber(std::string_view key) const {
  const YamlValue* value = Find(key);
  if (value == nullptr || !value->is_plain || !value->written.empty()) return std::nullopt;
  return NumberIn(*value);
}

std::optional<std::chrono::microseconds> YamlFields::Span(std::string_view key) const {
  const YamlValue* value = Scalar(key);
  if (value == nullptr) return std::nullopt;
  const auto span = SpanIn(*value);
  if (!span) Error(key, std::string(kNoSpan));
  return span;
}

std::vector<std::chrono::microseconds> YamlFields::SpanList(std::string_view key) const {
  std::vector<std::chrono::microseconds> spans;
  for (const YamlValue* text : Texts(key)) {
    if (const auto span = SpanIn(*text)) {
      spans.push_back(*span);
    } else {
      report_.Error(text->place, Join(path_, key),
                    absl::StrCat("`", text->shown(), "` ", std::string(kNoSpan)));
    }
  }
  return spans;
}

void YamlFields::WithMap(std::string_view key,
                         const std::function<void(const YamlFields&)>& read) const {
  const YamlValue* value = Find(key);
  if (value == nullptr) return;
  if (!value->is_map()) {
    Error(key, absl::StrCat("must be a map, is ", TypeOf(*value)));
    return;
  }
  read(YamlFields(value->entries, value->place, Join(path_, key), &report_));
}

std::vector<const YamlValue*> YamlFields::Texts(std::string_view key) const {
  std::vector<const YamlValue*> texts;
  const YamlValue* value = Find(key);
  if (value == nullptr) return texts;
  if (!value->is_list()) {
    Error(key, absl::StrCat("must be a list, is ", TypeOf(*value)));
    return texts;
  }
  for (std::size_t i = 0; i < value->items.size(); ++i) {
    const YamlValue& item = *value->items[i];
    const std::string path = Join(Join(path_, key), i);
    if (item.is_scalar()) {
      WarnOfYaml11(item, path, true, report_);
      texts.push_back(&item);
    } else {
      report_.Error(item.place, path, "must be a text");
    }
  }
  return texts;
}

std::vector<std::string> YamlFields::TextList(std::string_view key) const {
  std::vector<std::string> list;
  for (const YamlValue* text : Texts(key)) list.push_back(text->text);
  return list;
}

std::vector<std::string> YamlFields::Keys() const {
  std::vector<std::string> keys;
  for (const YamlEntry& entry : map_) keys.push_back(entry.key);
  return keys;
}

void YamlFields::TellUnknown(
    std::span<const std::string> known,
    std::span<const std::pair<std::string_view, std::string_view>> meant) const {
  for (const YamlEntry& entry : map_) {
    if (std::ranges::find(known, entry.key) != known.end()) continue;
    if (report_.full()) return;
    const auto found =
        std::ranges::find(meant, entry.key, &std::pair<std::string_view, std::string_view>::first);
    const std::string hint = found == meant.end()
                                 ? DidYouMean(entry.key, known)
                                 : absl::StrCat("; here it is ", std::string(found->second));
    report_.NoEffect(entry.key_place, Join(path_, entry.key),
                     absl::StrCat("is not a key that is known here, and has no effect", hint));
  }
}

void YamlFields::Error(std::string_view key, std::string message) const {
  report_.Error(PlaceOf(key), Join(path_, key), std::move(message));
}

void YamlFields::Warn(std::string_view key, std::string message) const {
  report_.Warn(PlaceOf(key), Join(path_, key), std::move(message));
}

Place YamlFields::PlaceOf(std::string_view key) const {
  const YamlEntry* entry = FindEntry(map_, key);
  if (entry == nullptr) return place_;
  return entry->value->place.is_known() ? entry->value->place : entry->key_place;
}

}  // namespace tasker::config
