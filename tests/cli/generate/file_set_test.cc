#include "clients/cli/generate/file_set.h"

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/cli/generate/project_folder.h"

namespace tasker::cli::generate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::vector<FileAction> Actions(const absl::StatusOr<std::vector<FileOutcome>>& outcomes) {
  std::vector<FileAction> actions;
  if (!outcomes.ok()) return actions;
  for (const FileOutcome& outcome : *outcomes) actions.push_back(outcome.action);
  return actions;
}

const std::vector<PlannedFile> kTwo = {{"a/one.txt", "1\n"}, {"b/c/two.txt", "2\n"}};

TEST(FileSet, WritesAllAndLeavesNothingElse) {
  const ProjectFolder folder;
  const auto outcomes = WriteFiles(folder.path(), kTwo, false);
  EXPECT_THAT(Actions(outcomes), ElementsAre(FileAction::kCreate, FileAction::kCreate));
  EXPECT_EQ(folder.Read("b/c/two.txt"), "2\n");
  EXPECT_THAT(folder.Entries(), ElementsAre("a", "a/one.txt", "b", "b/c", "b/c/two.txt"));
}

TEST(FileSet, WritesNoneIfOneIsInTheWay) {
  const ProjectFolder folder;
  folder.Write("b/c/two.txt", "mine\n");
  const auto outcomes = WriteFiles(folder.path(), kTwo, false);
  EXPECT_TRUE(absl::IsAlreadyExists(outcomes.status()));
  EXPECT_EQ(outcomes.status().message(),
            "b/c/two.txt is there already; nothing was written. --force replaces it");
  EXPECT_EQ(folder.Read("b/c/two.txt"), "mine\n");
  EXPECT_THAT(folder.Entries(), ElementsAre("b", "b/c", "b/c/two.txt"));
}

TEST(FileSet, NamesAllThatAreInTheWay) {
  const ProjectFolder folder;
  folder.Write("a/one.txt", "mine\n");
  folder.Write("b/c/two.txt", "mine\n");
  EXPECT_THAT(std::string(WriteFiles(folder.path(), kTwo, false).status().message()),
              HasSubstr("a/one.txt, b/c/two.txt are there already"));
}

TEST(FileSet, ReplacesByForceAndKeepsRights) {
  const ProjectFolder folder;
  folder.Write("a/one.txt", "mine\n");
  const std::filesystem::path one = folder.path() + "/a/one.txt";
  std::filesystem::permissions(one, std::filesystem::perms(0750));
  EXPECT_THAT(Actions(WriteFiles(folder.path(), kTwo, true)),
              ElementsAre(FileAction::kReplace, FileAction::kCreate));
  EXPECT_EQ(folder.Read("a/one.txt"), "1\n");
  EXPECT_EQ(std::filesystem::status(one).permissions(), std::filesystem::perms(0750));
  EXPECT_EQ(folder.Entries().size(), 5U);
}

TEST(FileSet, TheSameAgainIsNoConflict) {
  const ProjectFolder folder;
  ASSERT_TRUE(WriteFiles(folder.path(), kTwo, false).ok());
  EXPECT_THAT(Actions(WriteFiles(folder.path(), kTwo, false)),
              ElementsAre(FileAction::kUnchanged, FileAction::kUnchanged));
}

TEST(FileSet, WhatAProjectHasOnceStaysEvenByForce) {
  const ProjectFolder folder;
  folder.Write("Gemfile", "mine\n");
  const std::vector<PlannedFile> files = {{"Gemfile", "ours\n", true}, {"x.rb", "x\n"}};
  EXPECT_THAT(Actions(WriteFiles(folder.path(), files, true)),
              ElementsAre(FileAction::kKeep, FileAction::kCreate));
  EXPECT_EQ(folder.Read("Gemfile"), "mine\n");
}

TEST(FileSet, CheckingWritesNothing) {
  const ProjectFolder folder;
  EXPECT_THAT(Actions(CheckFiles(folder.path(), kTwo, false)),
              ElementsAre(FileAction::kCreate, FileAction::kCreate));
  EXPECT_THAT(folder.Entries(), testing::IsEmpty());
}

TEST(FileSet, RefusesWhatIsNoFileOrNoFolder) {
  const ProjectFolder folder;
  std::filesystem::create_directories(folder.path() + "/a/one.txt");
  auto status = WriteFiles(folder.path(), kTwo, true).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("a/one.txt is there and is no file"));

  const ProjectFolder other;
  other.Write("b", "a file where a folder is wanted");
  status = WriteFiles(other.path(), kTwo, true).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("/b is no folder"));
  EXPECT_THAT(other.Entries(), ElementsAre("b"));
}

TEST(FileSet, FollowsNoLinkOutOfTheProject) {
  const ProjectFolder outside;
  const ProjectFolder folder;
  std::filesystem::create_directory_symlink(outside.path(), folder.path() + "/a");
  auto status = WriteFiles(folder.path(), kTwo, true).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("leads out of"));
  EXPECT_THAT(outside.Entries(), testing::IsEmpty());

  // Within it, one may lead where it likes; a file that is a link is left alone.
  const ProjectFolder inside;
  std::filesystem::create_directory(inside.path() + "/real");
  std::filesystem::create_directory_symlink("real", inside.path() + "/a");
  EXPECT_TRUE(WriteFiles(inside.path(), kTwo, false).ok());
  EXPECT_EQ(inside.Read("real/one.txt"), "1\n");
  std::filesystem::create_symlink(outside.path() + "/target", inside.path() + "/link.txt");
  EXPECT_FALSE(WriteFiles(inside.path(), {{"link.txt", "x"}}, true).ok());
}

// The last of three cannot be placed: its name is longer than any file's may be.
TEST(FileSet, PutsBackWhatWasThereWhenAFileCannotBeWritten) {
  const ProjectFolder folder;
  folder.Write("a/one.txt", "mine\n");
  const auto before = folder.Entries();
  std::vector<PlannedFile> files = kTwo;
  files.push_back({"d/" + std::string(300, 'x'), "3\n"});
  const auto outcomes = WriteFiles(folder.path(), files, true);
  EXPECT_FALSE(outcomes.ok());
  EXPECT_THAT(std::string(outcomes.status().message()), Not(HasSubstr("already")));
  EXPECT_EQ(folder.Read("a/one.txt"), "mine\n");
  EXPECT_EQ(folder.Entries(), before);
}

// Both prepared, and the first placed, when the second turns out to stand in the same place.
TEST(FileSet, TakesBackWhatItHadPlaced) {
  const ProjectFolder folder;
  folder.Write("a/one.txt", "mine\n");
  const auto before = folder.Entries();
  const std::vector<PlannedFile> files = {
      {"a/one.txt", "1\n"}, {"n/new.txt", "2\n"}, {"n/new.txt", "3\n"}};
  EXPECT_FALSE(WriteFiles(folder.path(), files, true).ok());
  EXPECT_EQ(folder.Read("a/one.txt"), "mine\n");
  EXPECT_EQ(folder.Entries(), before);
}

}  // namespace
}  // namespace tasker::cli::generate
