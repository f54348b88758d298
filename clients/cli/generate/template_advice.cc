#include "clients/cli/generate/template_advice.h"

#include <cerrno>
#include <fstream>
#include <iterator>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include <nlohmann/json.hpp>

#include "config/resolved_template.h"
#include "config/spelling.h"
#include "config/template_loader.h"
#include "config/variables.h"

namespace tasker::cli::generate {
namespace {

using Json = nlohmann::ordered_json;

absl::StatusOr<std::string> Read(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) {
    return absl::NotFoundError(absl::StrCat(file.string(), " is no file"));
  }
  std::ifstream in(file, std::ios::binary);
  if (!in) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", file.string()));
  return std::string{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// Null, with the reason, if there are mistakes.
absl::StatusOr<Json> Resolve(const std::string& yaml, const std::filesystem::path& file) {
  const auto loaded =
      config::LoadTemplate(yaml, {file.string(), "", config::EnvironmentVariables()});
  if (loaded.compiled != nullptr) return config::ResolvedJson(*loaded.compiled);
  for (const config::Diagnostic& diagnostic : loaded.diagnostics) {
    if (diagnostic.severity != config::Diagnostic::Severity::kError) continue;
    return absl::InvalidArgumentError(absl::StrCat("mend this first: ", diagnostic.ToString()));
  }
  return absl::InternalError(absl::StrCat(file.string(), ": cannot be compiled"));
}

const Json* FindStep(const Json& resolved, std::string_view name) {
  for (const Json& step : resolved["steps"]) {
    if (step["name"] == std::string(name)) return &step;
  }
  return nullptr;
}

absl::Status CheckDependencies(const Json& resolved, const StepRequest& request,
                               const std::filesystem::path& file) {
  std::vector<std::string> names;
  for (const Json& step : resolved["steps"]) names.push_back(step["name"].get<std::string>());
  for (const std::string& name : request.depends_on) {
    if (FindStep(resolved, name) != nullptr) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        file.string(), " has no step `", name, "` to depend on", config::DidYouMean(name, names)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> AdviceOnTemplate(const std::filesystem::path& file,
                                             const StepRequest& request, const Setting& setting,
                                             const std::string& lines) {
  const auto yaml = Read(file);
  if (!yaml.ok()) return yaml.status();
  const auto resolved = Resolve(*yaml, file);
  if (!resolved.ok()) return resolved.status();
  const std::string namespace_name = (*resolved)["namespace_name"].get<std::string>();
  if (!setting.namespace_name.empty() && setting.namespace_name != namespace_name) {
    return absl::InvalidArgumentError(absl::StrCat(file.string(), " is of the namespace `",
                                                   namespace_name, "`, not `",
                                                   setting.namespace_name, "`"));
  }
  if (const Json* step = FindStep(*resolved, request.name.Snake())) {
    const auto& handler_class = (*step)["handler_class"];
    if (handler_class == request.name.Full()) {
      return absl::StrCat(file.string(), " has the step `", request.name.Snake(), "` already.");
    }
    return absl::StrCat(file.string(), " has a step `", request.name.Snake(),
                        "` already, of another class. For this handler, write there:\n",
                        "    handler_class: ", request.name.Full());
  }
  if (auto status = CheckDependencies(*resolved, request, file); !status.ok()) return status;
  const bool first = (*resolved)["steps"].empty();
  return absl::StrCat("To run it, ",
                      first ? "put this in the place of `step_templates: []` in "
                            : "add this under `step_templates` in ",
                      file.string(), ":\n", first ? "step_templates:\n" : "",
                      std::string(absl::StripSuffix(lines, "\n")));
}

absl::Status CheckNewTemplate(const std::string& yaml, const std::filesystem::path& file) {
  const config::Diagnostics found = config::LintTemplate(yaml, {.source_name = file.string()});
  if (found.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("the template would not be valid: ", found.front().ToString()));
}

}  // namespace tasker::cli::generate
