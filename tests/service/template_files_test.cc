#include "service/templates/template_files.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/service/folder_world.h"

namespace tasker::service {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using State = TemplateFile::State;

class TemplateFilesTest : public ::testing::Test {
 protected:
  // Looks until nothing is left that was just being written.
  TemplateFiles::Looked Look() {
    TemplateFiles::Looked looked;
    EXPECT_TRUE(Await([&] { return !(looked = files_.Look(2, {})).unsettled; }));
    return looked;
  }
  std::shared_ptr<const TemplateFile> File(const std::string& path) {
    return FileIn(*files_.report(), path);
  }
  std::uint64_t Loads(FileLoad load) {
    return files_.report()->loads[static_cast<std::size_t>(load)];
  }

  FolderWorld world_;
  TemplateFiles files_{world_.folder() + "/", world_.registry.get()};
};

TEST_F(TemplateFilesTest, AppliesWhatThereIsInOneCommit) {
  fs::create_directory(world_.At("sub"));
  for (int i = 0; i < 100; ++i) {
    const std::string name = "t" + std::to_string(i);
    world_.WriteInPlace(i % 2 == 0 ? name + ".yaml" : "sub/" + name + ".yml", TemplateText(name));
  }
  const std::uint64_t syncs = world_.store.SyncCount();
  // One look, once they have settled: else a look could find the first half of them.
  const auto patient = [&] { return !files_.Look(2, {}).unsettled; };
  std::this_thread::sleep_for(TemplateFiles::kSettle);
  ASSERT_TRUE(Await(patient));
  EXPECT_EQ(world_.store.SyncCount(), syncs + 1);
  EXPECT_EQ(files_.report()->CountOf(State::kLoaded), 100u);
  EXPECT_EQ(Loads(FileLoad::kApplied), 100u);
  EXPECT_EQ(File("sub/t1.yml")->loaded->ToString(), "default.t1@1.0.0");
}

TEST_F(TemplateFilesTest, KeepsTheLastGoodVersionOfAFileThatBreaksUntilItIsMended) {
  world_.WriteByRename("a.yaml", TemplateText("a"));
  Look();
  world_.WriteByRename("a.yaml", "name: a\nstep_templates: 7\n");
  Look();
  ASSERT_EQ(File("a.yaml")->state, State::kBroken);
  EXPECT_THAT(File("a.yaml")->problem, HasSubstr("a.yaml:2:"));
  EXPECT_THAT(File("a.yaml")->problem, HasSubstr("task_handler_class"));
  EXPECT_EQ(File("a.yaml")->loaded->version, "1.0.0");
  EXPECT_TRUE(world_.Has("a"));
  // The same content is refused once, however often it is written.
  world_.WriteByRename("a.yaml", "name: a\nstep_templates: 7\n");
  Look();
  EXPECT_EQ(Loads(FileLoad::kRefused), 1u);
  world_.WriteByRename("a.yaml", TemplateText("a", "2.0.0"));
  Look();
  EXPECT_EQ(File("a.yaml")->state, State::kLoaded);
  EXPECT_EQ(File("a.yaml")->problem, "");
  EXPECT_TRUE(world_.Has("a", "2.0.0"));
}

TEST_F(TemplateFilesTest, GoesBackToLoadedWhenTheOldContentComesBack) {
  world_.WriteByRename("a.yaml", TemplateText("a"));
  Look();
  world_.WriteByRename("a.yaml", "");
  Look();
  EXPECT_EQ(File("a.yaml")->state, State::kBroken);
  world_.WriteByRename("a.yaml", TemplateText("a"));
  Look();
  EXPECT_EQ(File("a.yaml")->state, State::kLoaded);
}

TEST_F(TemplateFilesTest, RefusesAnotherContentUnderTheSameVersion) {
  world_.WriteByRename("a.yaml", TemplateText("a"));
  Look();
  world_.WriteByRename("a.yaml", TemplateText("a", "1.0.0", "description: other\n"));
  Look();
  EXPECT_EQ(File("a.yaml")->state, State::kBroken);
  EXPECT_THAT(File("a.yaml")->problem, HasSubstr("default.a@1.0.0"));
  EXPECT_EQ((*world_.registry->Find("", "a", ""))->compiled->description, "");
}

TEST_F(TemplateFilesTest, SeesAChangeThatTheStampDoesNotShow) {
  world_.WriteByRename("a.yaml", TemplateText("a", "1.0.0"));
  Look();
  // In place, of the same length, and most likely within the same tick of the clock.
  world_.WriteInPlace("a.yaml", TemplateText("a", "2.0.0"));
  Look();
  EXPECT_TRUE(world_.Has("a", "2.0.0"));
}

TEST_F(TemplateFilesTest, LeavesAloneWhatIsBeingWritten) {
  world_.WriteByRename("a.yaml", TemplateText("a"));
  std::this_thread::sleep_for(TemplateFiles::kSettle);
  TemplateFiles::Questions questions;
  std::string asked;
  questions.is_being_written = [&](const std::string& path) {
    asked = path;
    return true;
  };
  EXPECT_TRUE(files_.Look(1, questions).unsettled);
  EXPECT_EQ(asked, world_.At("a.yaml"));
  EXPECT_EQ(File("a.yaml"), nullptr);
  EXPECT_FALSE(world_.Has("a"));
  Look();
  EXPECT_TRUE(world_.Has("a"));
}

TEST_F(TemplateFilesTest, DoesNotTakeWhatWasOpenedWhileItWasRead) {
  world_.WriteByRename("a.yaml", TemplateText("a"));
  std::this_thread::sleep_for(TemplateFiles::kSettle);
  TemplateFiles::Questions questions;
  int asked = 0;
  // Nobody writes before the reading, and somebody does by its end.
  questions.is_being_written = [&](const std::string&) { return ++asked == 2; };
  EXPECT_TRUE(files_.Look(1, questions).unsettled);
  EXPECT_EQ(asked, 2);
  EXPECT_FALSE(world_.Has("a"));
  EXPECT_FALSE(files_.Look(1, questions).unsettled);
  EXPECT_TRUE(world_.Has("a"));
}

TEST_F(TemplateFilesTest, DoesNotWaitForOneWhoWritesWithoutEnd) {
  world_.WriteByRename("a.yaml", TemplateText("a"));
  TemplateFiles::Questions questions;
  questions.is_being_written = [](const std::string&) { return true; };
  int looks = 1;
  while (files_.Look(1, questions).unsettled) ++looks;
  EXPECT_EQ(looks, 100);
  EXPECT_TRUE(world_.Has("a"));
}

TEST_F(TemplateFilesTest, KeepsTheTemplateOfAFileThatIsGone) {
  world_.WriteByRename("a.yaml", TemplateText("a"));
  world_.WriteByRename("b.yaml", "broken");
  Look();
  fs::remove(world_.At("a.yaml"));
  fs::remove(world_.At("b.yaml"));
  Look();
  EXPECT_TRUE(files_.report()->files.empty());
  EXPECT_TRUE(world_.Has("a"));
}

TEST_F(TemplateFilesTest, KeepsWhatItKnowsWhileTheFolderIsAway) {
  world_.WriteByRename("a.yaml", TemplateText("a"));
  Look();
  fs::rename(world_.folder(), world_.folder() + "2");
  Look();
  EXPECT_THAT(files_.report()->problem, HasSubstr("No such file"));
  EXPECT_EQ(File("a.yaml")->state, State::kLoaded);
  fs::rename(world_.folder() + "2", world_.folder());
  Look();
  EXPECT_EQ(files_.report()->problem, "");
  EXPECT_EQ(Loads(FileLoad::kApplied) + Loads(FileLoad::kUnchanged), 1u);
}

TEST_F(TemplateFilesTest, TriesAgainWhatCouldNotBeStored) {
  world_.WriteByRename("a.yaml", TemplateText("a"));
  world_.WriteByRename("b.yaml", TemplateText("b"));
  std::this_thread::sleep_for(TemplateFiles::kSettle);
  world_.store.Inject({storage::CommitOutcome::kFailed});
  EXPECT_TRUE(Look().not_stored);
  EXPECT_EQ(files_.report()->CountOf(State::kNotStored), 2u);
  EXPECT_FALSE(world_.Has("a"));
  EXPECT_FALSE(Look().not_stored);
  EXPECT_EQ(files_.report()->CountOf(State::kLoaded), 2u);
  EXPECT_TRUE(world_.Has("a") && world_.Has("b"));
}

TEST_F(TemplateFilesTest, NamesEachThingThatIsNoTemplateAndLoadsTheOthers) {
  world_.WriteByRename("good.yaml", TemplateText("good"));
  ASSERT_EQ(mkfifo(world_.At("pipe.yaml").c_str(), 0600), 0);
  fs::create_symlink("loop.yaml", world_.At("loop.yaml"));
  fs::create_directory(world_.At("folder.yaml"));
  fs::create_directory_symlink("..", world_.At("up"));
  fs::create_directory_symlink(".", world_.At("here"));
  world_.WriteInPlace("huge.yaml", "");
  fs::resize_file(world_.At("huge.yaml"), std::uintmax_t{1} << 30);
  world_.WriteInPlace("binary.yaml", std::string_view("\xff\x00\xfe", 3));
  Look();
  EXPECT_TRUE(world_.Has("good"));
  for (const char* path : {"pipe.yaml", "loop.yaml", "huge.yaml", "binary.yaml"}) {
    ASSERT_NE(File(path), nullptr) << path;
    EXPECT_EQ(File(path)->state, State::kBroken) << path;
    EXPECT_NE(File(path)->problem, "") << path;
  }
  EXPECT_EQ(File("folder.yaml")->state, State::kSkipped);
  EXPECT_EQ(File("here")->state, State::kSkipped);
  const std::uint64_t loads = Loads(FileLoad::kUnreadable);
  Look();
  EXPECT_EQ(Loads(FileLoad::kUnreadable), loads) << "each is told once";
}

TEST_F(TemplateFilesTest, CutsWhatIsTooLongToTell) {
  std::string text = "name: a\ntask_handler_class: T\nstep_templates:\n";
  for (int i = 0; i < 1000; ++i) text += "  - {nam: x}\n";
  world_.WriteByRename("a.yaml", text);
  Look();
  EXPECT_LT(File("a.yaml")->problem.size(), 10'000u);
  EXPECT_TRUE(File("a.yaml")->problem.ends_with("\nand more"));
}

}  // namespace
}  // namespace tasker::service
