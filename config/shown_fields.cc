#include "config/shown_fields.h"

#include "config/yaml/yaml_json.h"

namespace tasker::config {

std::optional<std::string> ReadShownText(const YamlFields& fields, std::string_view key,
                                         bool reveal) {
  std::optional<std::string> text = fields.Text(key);
  if (text && !reveal) text = fields.Shown(key);
  return text;
}

JsonTexts ReadJsonTexts(const YamlFields& fields, std::string_view key, std::string_view expected,
                        bool reveal, YamlReport& report) {
  const YamlValue* value = fields.Find(key);
  if (value == nullptr) return {};
  if (!value->is_map()) {
    fields.Error(key, std::string(expected));
    return {};
  }
  WarnOfYaml11Below(*value, Join(fields.path(), key), report);
  JsonTexts texts;
  texts.filled = ToJson(*value, VariableForm::kFilled).dump();
  texts.shown = reveal ? texts.filled : ToJson(*value, VariableForm::kWritten).dump();
  return texts;
}

}  // namespace tasker::config
