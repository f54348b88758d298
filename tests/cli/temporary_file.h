// A template file for a command to read.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

namespace tasker::cli {

// A file in a folder of its own, gone with this object.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content)
      : folder_(testing::TempDir() + "tasker_cli_XXXXXX") {
    if (mkdtemp(folder_.data()) == nullptr) throw std::runtime_error("no temporary folder");
    std::ofstream(path()) << content;
  }
  ~TemporaryFile() { std::filesystem::remove_all(folder_); }
  std::string path() const { return folder_ + "/order.yaml"; }

 private:
  std::string folder_;
};

}  // namespace tasker::cli
