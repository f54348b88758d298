// Files that tests read.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

namespace tasker::config {

inline std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

// A path from the repository's root.
inline std::filesystem::path SourcePath(const std::string& path) {
  return std::filesystem::path(TASKER_ROOT) / path;
}

}  // namespace tasker::config
