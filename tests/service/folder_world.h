// A folder of templates for tests, and a registry over a store in memory.
#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <spdlog/spdlog.h>

#include "service/templates/template_files.h"
#include "service/templates/template_registry.h"
#include "storage/memory_store.h"
#include "tests/storage/temporary_folder.h"

namespace tasker::service {

inline std::string TemplateText(const std::string& name, const std::string& version = "1.0.0",
                                const std::string& more = "") {
  return "name: " + name + "\ntask_handler_class: T\nversion: " + version +
         "\nstep_templates:\n  - {name: a, handler_class: A}\n" + more;
}

// Far above what anything here takes; only a test that would otherwise hang meets it.
inline constexpr std::chrono::seconds kPatience{60};

// Whether `holds` came true within kPatience.
inline bool Await(const std::function<bool()>& holds) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

class FolderWorld {
 public:
  explicit FolderWorld(const std::string& environment = "test") {
    // What is logged is in the reports as well.
    spdlog::set_level(spdlog::level::off);
    registry = *TemplateRegistry::Open(&store, environment, nullptr, problems);
    std::filesystem::create_directory(folder());
  }

  std::string folder() const { return temporary.path() + "/tasks"; }
  std::string At(const std::string& path) const { return folder() + "/" + path; }

  // As an editor that is careful does.
  void WriteByRename(const std::string& path, std::string_view text) const {
    WriteInPlace(path + ".tmp", text);
    std::filesystem::rename(At(path + ".tmp"), At(path));
  }
  void WriteInPlace(const std::string& path, std::string_view text) const {
    std::ofstream(At(path), std::ios::binary) << text;
  }

  bool Has(const std::string& name, const std::string& version = "1.0.0") const {
    return registry->Find("", name, version).ok();
  }

  storage::TemporaryFolder temporary;
  storage::MemoryStore store;
  std::vector<std::string> problems;
  std::unique_ptr<TemplateRegistry> registry;
};

// What the report says of a path; null if nothing.
inline std::shared_ptr<const TemplateFile> FileIn(const FolderReport& report,
                                                  const std::string& path) {
  for (const auto& file : report.files) {
    if (file->path == path) return file;
  }
  return nullptr;
}

}  // namespace tasker::service
