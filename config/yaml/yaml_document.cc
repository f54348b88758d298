#include "config/yaml/yaml_document.h"

#include <simdjson.h>

#include "config/yaml/tree_builder.h"

namespace tasker::config {

YamlValue& YamlDocument::Make(YamlValue::Kind kind, Place place) {
  YamlValue& made = values_->emplace_back();
  made.kind = kind;
  made.place = place;
  return made;
}

std::optional<YamlDocument> YamlDocument::Parse(std::string_view text, std::size_t bytes_max,
                                                YamlReport& report) {
  if (text.size() > bytes_max) {
    report.Error(std::to_string(text.size()) + " bytes are over the limit of " +
                 std::to_string(bytes_max) + " bytes");
    return std::nullopt;
  }
  if (!IsUtf8(text)) {
    report.Error("is not UTF-8");
    return std::nullopt;
  }
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  YamlDocument document;
  document.root_ = BuildTree(text, document, report);
  if (document.root_ == nullptr) return std::nullopt;
  if (document.root_->is_null()) {
    report.Error("is empty: a map of keys is expected");
    return std::nullopt;
  }
  if (!document.root_->is_map()) {
    report.Error(document.root_->place, "", "must be a map of keys");
    return std::nullopt;
  }
  return document;
}

bool IsUtf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

}  // namespace tasker::config
