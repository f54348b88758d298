#include "service/templates/template_folder.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/service/folder_world.h"

namespace tasker::service {
namespace {

namespace fs = std::filesystem;
using State = TemplateFile::State;

// All of it by events: nothing is looked at only because time has passed.
class TemplateFolderTest : public ::testing::Test {
 protected:
  void Begin(std::chrono::milliseconds rescan = std::chrono::milliseconds(0)) {
    folder_ = std::make_unique<TemplateFolder>(path_, rescan, world_.registry.get());
    folder_->LoadNow();
    ASSERT_TRUE(folder_->Begin().ok());
  }
  bool AwaitTemplate(const std::string& name, const std::string& version = "1.0.0") {
    return Await([&] { return world_.Has(name, version); });
  }
  bool AwaitState(const std::string& path, State state) {
    return Await([&] {
      const auto file = FileIn(*folder_->report(), path);
      return file != nullptr && file->state == state;
    });
  }

  FolderWorld world_;
  std::string path_ = world_.folder();
  std::unique_ptr<TemplateFolder> folder_;
};

TEST_F(TemplateFolderTest, HasLoadedWhatThereIsBeforeItBegins) {
  world_.WriteInPlace("a.yaml", TemplateText("a"));
  folder_ =
      std::make_unique<TemplateFolder>(path_, std::chrono::milliseconds(0), world_.registry.get());
  folder_->LoadNow();
  EXPECT_TRUE(world_.Has("a"));
}

TEST_F(TemplateFolderTest, NoticesFilesHoweverTheyAreWritten) {
  Begin();
  world_.WriteByRename("a.yaml", TemplateText("a"));
  EXPECT_TRUE(AwaitTemplate("a"));
  world_.WriteInPlace("b.yaml", TemplateText("b"));
  EXPECT_TRUE(AwaitTemplate("b"));
  world_.WriteInPlace("b.yaml", TemplateText("b", "2.0.0"));
  EXPECT_TRUE(AwaitTemplate("b", "2.0.0"));
}

TEST_F(TemplateFolderTest, BreaksAndMends) {
  world_.WriteByRename("a.yaml", TemplateText("a"));
  Begin();
  world_.WriteInPlace("a.yaml", "name: [");
  EXPECT_TRUE(AwaitState("a.yaml", State::kBroken));
  EXPECT_TRUE(world_.Has("a"));
  world_.WriteInPlace("a.yaml", TemplateText("a", "2.0.0"));
  EXPECT_TRUE(AwaitState("a.yaml", State::kLoaded));
  EXPECT_TRUE(world_.Has("a", "2.0.0"));
}

TEST_F(TemplateFolderTest, NeverTakesTheFirstHalfOfATemplateForAWholeOne) {
  Begin();
  const std::string whole = TemplateText("a") + "  - {name: b, handler_class: B}\n";
  std::ofstream file(world_.At("a.yaml"), std::ios::binary);
  file << TemplateText("a") << std::flush;
  // Another file has the folder looked at while the first is half written.
  world_.WriteByRename("other.yaml", TemplateText("other"));
  ASSERT_TRUE(AwaitTemplate("other"));
  // It comes back to what is being written again and again, and leaves it alone.
  const std::uint64_t looks = folder_->report()->looks;
  ASSERT_TRUE(Await([&] { return folder_->report()->looks > looks + 5; }));
  EXPECT_FALSE(world_.Has("a"));
  file << "  - {name: b, handler_class: B}\n";
  file.close();
  ASSERT_TRUE(AwaitTemplate("a"));
  EXPECT_EQ((*world_.registry->Find("", "a", ""))->source, whole);
}

TEST_F(TemplateFolderTest, NoticesFilesInSubfoldersThatComeLater) {
  Begin();
  fs::create_directories(world_.At("one/two"));
  world_.WriteByRename("one/two/a.yaml", TemplateText("a"));
  EXPECT_TRUE(AwaitTemplate("a"));
  world_.WriteByRename("one/two/b.yaml", TemplateText("b"));
  EXPECT_TRUE(AwaitTemplate("b"));
}

TEST_F(TemplateFolderTest, WaitsForTheFolder) {
  path_ = world_.temporary.path() + "/later/deep/tasks";
  Begin();
  EXPECT_NE(folder_->report()->problem, "");
  fs::create_directories(path_);
  std::ofstream(path_ + "/a.yaml") << TemplateText("a");
  EXPECT_TRUE(AwaitTemplate("a"));
  EXPECT_TRUE(Await([&] { return folder_->report()->problem.empty(); }));
  // And again, when it was removed and made anew.
  fs::remove_all(world_.temporary.path() + "/later");
  EXPECT_TRUE(Await([&] { return !folder_->report()->problem.empty(); }));
  fs::create_directories(path_);
  std::ofstream(path_ + "/b.yaml") << TemplateText("b");
  EXPECT_TRUE(AwaitTemplate("b"));
}

TEST_F(TemplateFolderTest, FollowsTheSwapsOfAMountedConfigMap) {
  const auto publish = [&](const std::string& stamp, const std::string& version) {
    fs::create_directories(world_.At(stamp + "/sub"));
    world_.WriteInPlace(stamp + "/a.yaml", TemplateText("a", version));
    world_.WriteInPlace(stamp + "/sub/b.yaml", TemplateText("b", version));
    // As the kubelet does: a new link under another name takes the old one's place.
    fs::create_directory_symlink(stamp, world_.At("..data_tmp"));
    fs::rename(world_.At("..data_tmp"), world_.At("..data"));
  };
  publish("..2026_1", "1.0.0");
  fs::create_symlink("..data/a.yaml", world_.At("a.yaml"));
  fs::create_directory_symlink("..data/sub", world_.At("sub"));
  Begin();
  EXPECT_TRUE(world_.Has("a") && world_.Has("b"));
  publish("..2026_2", "2.0.0");
  fs::remove_all(world_.At("..2026_1"));
  EXPECT_TRUE(AwaitTemplate("a", "2.0.0"));
  EXPECT_TRUE(AwaitTemplate("b", "2.0.0"));
  publish("..2026_3", "3.0.0");
  EXPECT_TRUE(AwaitTemplate("b", "3.0.0"));
  EXPECT_EQ(folder_->report()->CountOf(State::kLoaded), 2u);
}

TEST_F(TemplateFolderTest, FollowsALinkOnTheWayToTheFolder) {
  const std::string root = world_.temporary.path();
  for (const char* release : {"/r1/tasks", "/r2/tasks"}) fs::create_directories(root + release);
  std::ofstream(root + "/r1/tasks/a.yaml") << TemplateText("a");
  std::ofstream(root + "/r2/tasks/a.yaml") << TemplateText("a", "2.0.0");
  fs::create_directory_symlink("r1", root + "/current");
  path_ = root + "/current/tasks";
  Begin();
  EXPECT_TRUE(world_.Has("a"));
  fs::create_directory_symlink("r2", root + "/next");
  fs::rename(root + "/next", root + "/current");
  EXPECT_TRUE(AwaitTemplate("a", "2.0.0"));
}

TEST_F(TemplateFolderTest, LooksFromTimeToTimeWhereThatIsAsked) {
  Begin(std::chrono::milliseconds(1));
  const std::uint64_t looks = folder_->report()->looks;
  EXPECT_TRUE(Await([&] { return folder_->report()->looks > looks + 3; }));
}

TEST_F(TemplateFolderTest, TakesAllOfABurstAndOfWhatComesDuringALook) {
  Begin();
  for (int i = 0; i < 200; ++i) {
    const std::string name = "c" + std::to_string(i);
    world_.WriteByRename(name + ".yaml", TemplateText(name));
  }
  EXPECT_TRUE(Await([&] { return folder_->report()->CountOf(State::kLoaded) == 200; }));
}

TEST_F(TemplateFolderTest, StoresAsSoonAsTheStoreIsBack) {
  world_.WriteByRename("a.yaml", TemplateText("a"));
  for (int i = 0; i < 2; ++i) world_.store.Inject({storage::CommitOutcome::kFailed});
  int refusals = 0;
  world_.registry->OnUnstored([&] {
    if (++refusals == 2) folder_->StoreIsBack();
  });
  Begin();
  EXPECT_TRUE(AwaitTemplate("a"));
  EXPECT_TRUE(AwaitState("a.yaml", State::kLoaded));
}

TEST_F(TemplateFolderTest, StopsAtAnyTime) {
  Begin();
  for (int i = 0; i < 50; ++i) world_.WriteByRename("a" + std::to_string(i) + ".yaml", "broken");
  folder_->Stop();
  folder_->Stop();
  folder_->StoreIsBack();
}

}  // namespace
}  // namespace tasker::service
