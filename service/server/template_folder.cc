#include "service/server/template_folder.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include <spdlog/spdlog.h>

namespace tasker::service {
namespace {

namespace fs = std::filesystem;

void ApplyFile(const fs::path& path, TemplateRegistry& registry) {
  std::ifstream file(path, std::ios::binary);
  const std::string source{std::istreambuf_iterator<char>(file), {}};
  if (!file) {
    spdlog::error("template {}: cannot be read", path.string());
    return;
  }
  const absl::StatusOr<TemplateRegistry::Applied> applied =
      registry.Apply(source, path.filename().string());
  if (!applied.ok()) {
    spdlog::error("template {}: {}", path.string(), std::string(applied.status().message()));
    return;
  }
  for (const config::Diagnostic& warning : applied->warnings) spdlog::warn(warning.ToString());
  spdlog::info("template {}: {}", applied->entry->compiled->id.ToString(),
               applied->created ? "applied" : "unchanged");
}

}  // namespace

absl::Status ApplyFolder(const std::string& folder, TemplateRegistry& registry) {
  std::error_code error;
  std::vector<fs::path> files;
  for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    // A mounted ConfigMap keeps copies of its files in folders called `..data` and the like.
    if (entry->path().filename().string().starts_with('.')) {
      entry.disable_recursion_pending();
      continue;
    }
    const std::string extension = entry->path().extension().string();
    if (extension == ".yaml" || extension == ".yml") files.push_back(entry->path());
  }
  if (error) {
    return absl::NotFoundError(absl::StrCat("templates folder ", folder, ": ", error.message()));
  }
  std::ranges::sort(files);
  for (const fs::path& file : files) ApplyFile(file, registry);
  return absl::OkStatus();
}

}  // namespace tasker::service
