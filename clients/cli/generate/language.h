// The languages that code is generated in.
#pragma once

#include <array>
#include <filesystem>
#include <string_view>

#include "absl/status/statusor.h"

namespace tasker::cli::generate {

enum class Language { kRuby, kPython, kTypeScript, kGo, kCpp };

inline constexpr std::array kLanguages = {Language::kRuby, Language::kPython, Language::kTypeScript,
                                          Language::kGo, Language::kCpp};

// As on the command line: `ruby`, `python`, `typescript`, `go`, `cpp`.
std::string_view NameOf(Language language);

// The language called `name`. INVALID_ARGUMENT: none is; the message lists them.
absl::StatusOr<Language> LanguageNamed(std::string_view name);

// The language of the project in `directory`, told by the file that such a project begins with
// (`Gemfile`, `pyproject.toml`, `package.json`, `go.mod`, `CMakeLists.txt`, and their like).
// INVALID_ARGUMENT: there is none, or there are several; the message says which.
absl::StatusOr<Language> LanguageOfProject(const std::filesystem::path& directory);

}  // namespace tasker::cli::generate
