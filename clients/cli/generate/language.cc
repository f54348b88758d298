#include "clients/cli/generate/language.h"

#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tasker::cli::generate {
namespace {

struct ProjectFile {
  const char* name;
  Language language;
};

constexpr ProjectFile kProjectFiles[] = {
    {"Gemfile", Language::kRuby},
    {"Rakefile", Language::kRuby},
    {"pyproject.toml", Language::kPython},
    {"setup.py", Language::kPython},
    {"requirements.txt", Language::kPython},
    {"package.json", Language::kTypeScript},
    {"go.mod", Language::kGo},
    {"CMakeLists.txt", Language::kCpp},
};

constexpr char kChoices[] = "--language ruby|python|typescript|go|cpp";

}  // namespace

std::string_view NameOf(Language language) {
  switch (language) {
    case Language::kRuby:
      return "ruby";
    case Language::kPython:
      return "python";
    case Language::kTypeScript:
      return "typescript";
    case Language::kGo:
      return "go";
    case Language::kCpp:
      return "cpp";
  }
  return "";
}

absl::StatusOr<Language> LanguageNamed(std::string_view name) {
  for (const Language language : kLanguages) {
    if (NameOf(language) == name) return language;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("`", std::string(name), "` is no language that is generated: ", kChoices));
}

absl::StatusOr<Language> LanguageOfProject(const std::filesystem::path& directory) {
  std::optional<Language> found;
  std::vector<std::string> seen;
  bool several = false;
  for (const ProjectFile& file : kProjectFiles) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(directory / file.name, error)) continue;
    seen.emplace_back(file.name);
    several = several || (found && *found != file.language);
    found = file.language;
  }
  if (!found) {
    return absl::InvalidArgumentError(
        absl::StrCat("which language? Nothing in ", directory.string(),
                     " tells (no Gemfile, pyproject.toml, package.json, go.mod or CMakeLists.txt): "
                     "say ",
                     kChoices));
  }
  if (several) {
    return absl::InvalidArgumentError(absl::StrCat("which language? ", directory.string(), " has ",
                                                   absl::StrJoin(seen, ", "), ": say ", kChoices));
  }
  return *found;
}

}  // namespace tasker::cli::generate
