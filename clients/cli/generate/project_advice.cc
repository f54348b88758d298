#include "clients/cli/generate/project_advice.h"

#include <fstream>
#include <iterator>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace tasker::cli::generate {
namespace {

struct Need {
  Language language;
  const char* file;
  // What stands in the file if it needs nothing more.
  const char* sign;
  const char* advice;
};

constexpr Need kNeeds[] = {
    {Language::kRuby, "Gemfile", "tasker",
     "needs `gem 'tasker'`, and `gem 'rspec'` and `gem 'webmock'` for the tests."},
    {Language::kPython, "pyproject.toml", "tasker",
     "needs `tasker` among its dependencies, and `tasker[testing]` for the tests, with `pythonpath "
     "= "
     "[\".\"]` "
     "under [tool.pytest.ini_options]."},
    {Language::kTypeScript, "package.json", "@tasker/client",
     "needs `@tasker/client` among its dependencies, and `vitest` for the tests."},
    {Language::kGo, "go.mod", "tasker", "needs Tasker's module: run `go mod tidy`."},
    {Language::kCpp, "CMakeLists.txt", "tasker",
     "must build src/ and tests/ and link them with `tasker::client`, `tasker::http` "
     "and `tasker::testkit`."},
};

}  // namespace

std::vector<std::string> AdviceOnProject(const Setting& setting) {
  std::vector<std::string> advice;
  for (const Need& need : kNeeds) {
    if (need.language != setting.language) continue;
    std::error_code error;
    const std::filesystem::path file = setting.directory / need.file;
    if (!std::filesystem::is_regular_file(file, error)) continue;
    std::ifstream in(file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    if (absl::StrContains(text, need.sign)) continue;
    advice.push_back(absl::StrCat(need.file, " ", need.advice));
  }
  return advice;
}

}  // namespace tasker::cli::generate
