// From a template's YAML to what the engine runs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostic.h"
#include "config/variables.h"
#include "engine/model/task_template.h"

namespace tasker::config {

// The largest template text that is read, in bytes.
inline constexpr std::size_t kTemplateBytesMax = 16u << 20;

// How a template is to be read.
struct TemplateOptions {
  // What to call the text in messages, usually its file's name.
  std::string source_name = "template";
  // Which of the template's `environments` is merged in; empty, or one that it does not have: none.
  std::string environment = {};
  // Where `${NAME}` comes from.
  VariableLookup variables = {};
  // What has no effect, such as a key that is not known, is an error.
  bool strict = false;
  // A variable that is not set is an error, also where the template does not ask for that.
  bool strict_variables = false;
  // What is for people alone (descriptions and everything called `..._shown`) has its variables
  // filled in as well: for those who run it with variables of their own.
  bool reveal_variables = false;
};

// What became of a text.
struct LoadedTemplate {
  // Null if there were errors.
  engine::TaskTemplatePtr compiled;
  // All mistakes and warnings, in the order of the text.
  Diagnostics diagnostics;
};

// Reads, merges, interpolates, validates and compiles one template. Never throws, whatever the
// text. Keys, defaults and merge rules: shared FEATURES, "templates". Thread-safe.
LoadedTemplate LoadTemplate(std::string_view yaml, const TemplateOptions& options);

// The names under the text's `environments`, in its order; none if it cannot be parsed. Never
// throws.
std::vector<std::string> EnvironmentsOf(std::string_view yaml);

// All that is wrong with a text in any environment: LoadTemplate without one and with each that it
// names, everything told once. `options.environment`, if set, is the only one. Never throws.
Diagnostics LintTemplate(std::string_view yaml, const TemplateOptions& options);

// Whether two texts say the same: equal after parsing, whatever their comments and layout. False if
// either cannot be parsed.
bool SameTemplateSource(std::string_view yaml, std::string_view other);

}  // namespace tasker::config
