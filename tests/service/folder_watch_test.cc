#include "service/templates/folder_watch.h"

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/service/folder_world.h"

namespace tasker::service {
namespace {

namespace fs = std::filesystem;

class FolderWatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directory(folder_);
    ASSERT_TRUE(*watch_->Watch(ScanFolder(folder_).watched));
  }
  // Whether a change was told; false if a call from this thread came first, so that nothing is
  // waited for in vain.
  bool SeesChange() {
    watch_->Call();
    while (true) {
      const FolderWatch::Seen seen = watch_->Wait(kPatience);
      if (seen.changed || seen.called) return seen.changed;
    }
  }

  storage::TemporaryFolder temporary_;
  const std::string folder_ = temporary_.path() + "/tasks";
  const std::unique_ptr<FolderWatch> watch_ = *FolderWatch::Make();
};

TEST_F(FolderWatchTest, TellsOfNothingButChanges) {
  EXPECT_FALSE(SeesChange());
  std::ofstream(folder_ + "/a.yaml") << "text";
  EXPECT_TRUE(SeesChange());
  EXPECT_FALSE(SeesChange());
  std::string text;
  std::ifstream(folder_ + "/a.yaml") >> text;
  EXPECT_FALSE(SeesChange()) << "reading is no change";
}

TEST_F(FolderWatchTest, TellsOfRenamesDeletionsModesAndLinks) {
  std::ofstream(folder_ + "/a.yaml") << "text";
  EXPECT_TRUE(SeesChange());
  fs::rename(folder_ + "/a.yaml", folder_ + "/b.yaml");
  EXPECT_TRUE(SeesChange());
  fs::permissions(folder_ + "/b.yaml", fs::perms::owner_read);
  EXPECT_TRUE(SeesChange());
  fs::create_symlink("b.yaml", folder_ + "/c.yaml");
  EXPECT_TRUE(SeesChange());
  fs::remove(folder_ + "/b.yaml");
  EXPECT_TRUE(SeesChange());
}

TEST_F(FolderWatchTest, TellsOfTheFolderItselfGoingAndComing) {
  fs::rename(folder_, temporary_.path() + "/away");
  EXPECT_TRUE(SeesChange());
  ASSERT_TRUE(watch_->Watch(ScanFolder(folder_).watched).ok());
  EXPECT_FALSE(SeesChange());
  fs::create_directory(folder_);
  EXPECT_TRUE(SeesChange());
}

TEST_F(FolderWatchTest, PassesOverWhatElseHappensOnTheWayToTheFolder) {
  std::ofstream(temporary_.path() + "/other") << "text";
  fs::create_directory(temporary_.path() + "/tasks2");
  EXPECT_FALSE(SeesChange());
}

TEST_F(FolderWatchTest, SaysWhetherAFolderIsNew) {
  EXPECT_FALSE(*watch_->Watch(ScanFolder(folder_).watched));
  fs::create_directory(folder_ + "/sub");
  EXPECT_TRUE(*watch_->Watch(ScanFolder(folder_).watched));
}

TEST_F(FolderWatchTest, TellsOfAFileBehindALinkThatIsWrittenInPlace) {
  std::ofstream(temporary_.path() + "/elsewhere") << "text";
  fs::create_symlink("../elsewhere", folder_ + "/a.yaml");
  ASSERT_TRUE(watch_->Watch(ScanFolder(folder_).watched).ok());
  SeesChange();
  std::ofstream(temporary_.path() + "/elsewhere") << "more";
  EXPECT_TRUE(SeesChange());
}

TEST_F(FolderWatchTest, KnowsWhoIsStillWriting) {
  const std::string path = folder_ + "/a.yaml";
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_GE(file, 0);
  ASSERT_EQ(write(file, "half", 4), 4);
  EXPECT_TRUE(SeesChange());
  EXPECT_TRUE(watch_->IsBeingWritten(path));
  close(file);
  EXPECT_TRUE(SeesChange());
  EXPECT_FALSE(watch_->IsBeingWritten(path));
}

TEST_F(FolderWatchTest, SaysThatEventsWereLost) {
  std::ifstream limit("/proc/sys/fs/inotify/max_queued_events");
  int events = 0;
  ASSERT_TRUE(limit >> events);
  // Two names in turn: what repeats itself at once is told once.
  for (int i = 0; i <= events; ++i) {
    fs::create_symlink("x", folder_ + (i % 2 == 0 ? "/a" : "/b"));
    fs::remove(folder_ + (i % 2 == 0 ? "/a" : "/b"));
  }
  bool overflowed = false;
  watch_->Call();
  for (FolderWatch::Seen seen = watch_->Wait(kPatience); seen.changed;
       seen = watch_->Wait(std::chrono::seconds(0))) {
    overflowed = overflowed || seen.overflowed;
  }
  EXPECT_TRUE(overflowed);
}

TEST_F(FolderWatchTest, IsCalledFromAnotherThread) {
  std::thread caller([&] { watch_->Call(); });
  EXPECT_TRUE(Await([&] { return watch_->Wait(std::nullopt).called; }));
  caller.join();
}

}  // namespace
}  // namespace tasker::service
