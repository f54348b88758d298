#include "config/yaml/fill_variables.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "config/yaml/yaml_document.h"

namespace tasker::config {
namespace {

class Filler {
 public:
  Filler(const VariableLookup& variables, bool strict, YamlReport& report)
      : variables_(variables), strict_(strict), report_(report) {}

  void Fill(const YamlMap& map, const std::string& path) {
    for (const YamlEntry& entry : map) {
      if (IsWorthAPath(*entry.value)) Fill(*entry.value, Join(path, entry.key));
    }
  }

 private:
  // Most scalars refer to nothing, and need no path to be reported under.
  static bool IsWorthAPath(const YamlValue& value) {
    return !value.is_scalar() || value.text.find("${") != std::string::npos;
  }

  void Fill(YamlValue& value, const std::string& path) {
    if (value.is_map()) return Fill(value.entries, path);
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      if (IsWorthAPath(*value.items[i])) Fill(*value.items[i], Join(path, i));
    }
    // What came from a variable is not looked at again, also where an alias leads here twice.
    if (value.is_scalar() && value.written.empty()) FillScalar(value, path);
  }

  void FillScalar(YamlValue& value, const std::string& path) {
    Interpolated filled = Interpolate(value.text, variables_);
    for (const std::string& name : filled.unset) {
      if (strict_) {
        report_.Error(value.place, path,
                      absl::StrCat("the variable ", name,
                                   " is not set, and `strict_variables` asks that all are"));
      } else {
        report_.Warn(
            value.place, path,
            absl::StrCat("the variable ", name, " is not set, so `${", name, "}` stays as it is"));
      }
    }
    if (!IsUtf8(filled.text)) {
      report_.Error(value.place, path,
                    absl::StrCat("`", value.text, "` refers to a variable that is not UTF-8"));
      return;
    }
    if (filled.text == value.text) return;
    value.written = std::exchange(value.text, std::move(filled.text));
  }

  const VariableLookup& variables_;
  const bool strict_;
  YamlReport& report_;
};

}  // namespace

void FillVariables(const YamlMap& map, const VariableLookup& variables, bool strict,
                   YamlReport& report) {
  Filler(variables, strict, report).Fill(map, "");
}

}  // namespace tasker::config
