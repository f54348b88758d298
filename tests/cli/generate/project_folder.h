// A folder for a project, gone with the test.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

namespace tasker::cli::generate {

class ProjectFolder {
 public:
  ProjectFolder() : path_(testing::TempDir() + "tasker_project_XXXXXX") {
    if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no temporary folder");
  }
  ~ProjectFolder() { std::filesystem::remove_all(path_); }
  ProjectFolder(const ProjectFolder&) = delete;
  ProjectFolder& operator=(const ProjectFolder&) = delete;

  const std::string& path() const { return path_; }

  void Write(const std::string& file, const std::string& content) const {
    const std::filesystem::path target = std::filesystem::path(path_) / file;
    std::filesystem::create_directories(target.parent_path());
    std::ofstream(target, std::ios::binary) << content;
  }

  std::string Read(const std::string& file) const {
    std::ifstream in(std::filesystem::path(path_) / file, std::ios::binary);
    if (!in) return "(no file)";
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }

  // Every file and folder beneath, those hidden too, seen from here.
  std::set<std::string> Entries() const {
    std::set<std::string> entries;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path_)) {
      entries.insert(entry.path().lexically_relative(path_).string());
    }
    return entries;
  }

 private:
  std::string path_;
};

}  // namespace tasker::cli::generate
