#include "config/yaml_fields.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "config/spelling.h"
#include "config/units.h"

namespace tasker::config {
namespace {

constexpr std::array<std::string_view, 4> kOldTrue = {"yes", "on", "y", "true"};
constexpr std::array<std::string_view, 4> kOldFalse = {"no", "off", "n", "false"};

constexpr std::string_view kNoSpan =
    "must be a span of time such as 500ms, 30s, 5m, 24h or 7d, or a number of seconds";

const char* TypeOf(const YAML::Node& node) {
  return node.IsMap() ? "a map" : node.IsSequence() ? "a list" : "a plain value";
}

}  // namespace

std::optional<YAML::Node> YamlFields::Node(std::string_view key) const {
  const YamlEntry* entry = FindEntry(map_, key);
  if (entry == nullptr || !entry->value.IsDefined() || entry->value.IsNull()) return std::nullopt;
  return entry->value;
}

std::optional<std::string> YamlFields::Text(std::string_view key) const {
  const std::optional<YAML::Node> node = Node(key);
  if (!node) return std::nullopt;
  if (node->IsScalar()) return node->Scalar();
  Error(key, absl::StrCat("must be a text, is ", TypeOf(*node)));
  return std::nullopt;
}

std::optional<std::string> YamlFields::RequiredText(std::string_view key) const {
  if (!Node(key)) {
    Error(key, "is required");
    return std::nullopt;
  }
  std::optional<std::string> text = Text(key);
  if (text && text->empty()) Error(key, "must not be empty");
  return text;
}

std::optional<bool> YamlFields::Flag(std::string_view key) const {
  const std::optional<YAML::Node> node = Node(key);
  if (!node) return std::nullopt;
  if (node->IsScalar()) {
    const std::string word = absl::AsciiStrToLower(node->Scalar());
    const bool is_true = std::ranges::find(kOldTrue, word) != kOldTrue.end();
    const bool is_false = std::ranges::find(kOldFalse, word) != kOldFalse.end();
    if (is_true || is_false) {
      if (word != "true" && word != "false") {
        report_.Warn(node->Mark(), Join(path_, key),
                     absl::StrCat("`", node->Scalar(), "` is read as ", is_true ? "true" : "false",
                                  ", as in YAML 1.1; write that"));
      }
      return is_true;
    }
  }
  Error(key, "must be true or false");
  return std::nullopt;
}

std::optional<std::uint32_t> YamlFields::Count(std::string_view key, std::uint32_t max) const {
  const std::optional<YAML::Node> node = Node(key);
  if (!node) return std::nullopt;
  std::uint32_t count = 0;
  if (node->IsScalar() && absl::SimpleAtoi(node->Scalar(), &count) && count <= max) return count;
  Error(key, absl::StrCat("must be a whole number from 0 to ", max));
  return std::nullopt;
}

std::optional<double> YamlFields::Number(std::string_view key, double least, double most) const {
  const std::optional<YAML::Node> node = Node(key);
  if (!node) return std::nullopt;
  double number = 0;
  if (node->IsScalar() && absl::SimpleAtod(node->Scalar(), &number) && number >= least &&
      number <= most) {
    return number;
  }
  Error(key, absl::StrCat("must be a number from ", least, " to ", most));
  return std::nullopt;
}

std::optional<std::chrono::microseconds> YamlFields::Span(std::string_view key) const {
  const std::optional<YAML::Node> node = Node(key);
  if (!node) return std::nullopt;
  const auto span = node->IsScalar() ? ParseSpan(node->Scalar()) : std::nullopt;
  if (!span) Error(key, std::string(kNoSpan));
  return span;
}

std::vector<std::chrono::microseconds> YamlFields::SpanList(std::string_view key) const {
  std::vector<std::chrono::microseconds> spans;
  for (const std::string& text : TextList(key)) {
    if (const auto span = ParseSpan(text)) {
      spans.push_back(*span);
    } else {
      Error(key, absl::StrCat("`", text, "` ", std::string(kNoSpan)));
    }
  }
  return spans;
}

void YamlFields::WithMap(std::string_view key,
                         const std::function<void(const YamlFields&)>& read) const {
  const std::optional<YAML::Node> node = Node(key);
  if (!node) return;
  if (!node->IsMap()) {
    Error(key, absl::StrCat("must be a map, is ", TypeOf(*node)));
    return;
  }
  const std::string path = Join(path_, key);
  const YamlMap map = EntriesOf(*node, path, report_);
  read(YamlFields(map, MarkOf(key), path, &report_));
}

std::vector<std::string> YamlFields::TextList(std::string_view key) const {
  const std::optional<YAML::Node> node = Node(key);
  if (!node) return {};
  std::vector<std::string> list;
  if (!node->IsSequence()) {
    Error(key, absl::StrCat("must be a list, is ", TypeOf(*node)));
    return list;
  }
  for (std::size_t i = 0; i < node->size(); ++i) {
    const YAML::Node item = (*node)[i];
    if (item.IsScalar()) {
      list.push_back(item.Scalar());
    } else {
      report_.Error(item.Mark(), absl::StrCat(Join(path_, key), "[", i, "]"), "must be a text");
    }
  }
  return list;
}

std::vector<std::string> YamlFields::Keys() const {
  std::vector<std::string> keys;
  for (const YamlEntry& entry : map_) keys.push_back(entry.key);
  return keys;
}

void YamlFields::WarnOfUnknown(std::span<const std::string> known) const {
  for (const YamlEntry& entry : map_) {
    if (std::ranges::find(known, entry.key) != known.end()) continue;
    if (report_.full()) return;
    report_.Warn(entry.key_mark, Join(path_, entry.key),
                 absl::StrCat("is not a key that is known here, and has no effect",
                              DidYouMean(entry.key, known)));
  }
}

void YamlFields::Error(std::string_view key, std::string message) const {
  report_.Error(MarkOf(key), Join(path_, key), std::move(message));
}

YAML::Mark YamlFields::MarkOf(std::string_view key) const {
  const YamlEntry* entry = FindEntry(map_, key);
  if (entry == nullptr) return mark_;
  return entry->value.IsDefined() && !entry->value.Mark().is_null() ? entry->value.Mark()
                                                                    : entry->key_mark;
}

}  // namespace tasker::config
