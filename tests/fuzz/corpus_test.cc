// Every input that the fuzzer began with, and every one that it found, once more.
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/fuzz/targets.h"

namespace tasker::fuzz {
namespace {

class CorpusTest : public ::testing::TestWithParam<Target> {};

TEST_P(CorpusTest, NeitherCrashesNorHangs) {
  int inputs = 0;
  for (const auto& file :
       std::filesystem::directory_iterator(std::filesystem::path(CORPUS) / GetParam().name)) {
    SCOPED_TRACE(file.path().string());
    std::ostringstream bytes;
    bytes << std::ifstream(file.path(), std::ios::binary).rdbuf();
    GetParam().run(bytes.str());
    // Torn off at any place as well.
    for (std::size_t end = 0; end < bytes.str().size(); end += 1 + bytes.str().size() / 64) {
      GetParam().run(std::string_view(bytes.view()).substr(0, end));
    }
    ++inputs;
  }
  EXPECT_GT(inputs, 0);
}

INSTANTIATE_TEST_SUITE_P(All, CorpusTest, ::testing::ValuesIn(Targets()),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace tasker::fuzz
