#include "service/templates/folder_scan.h"

#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "tests/storage/temporary_folder.h"

namespace tasker::service {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FolderScanTest : public ::testing::Test {
 protected:
  void Write(const std::string& path, const std::string& text = "text") {
    std::ofstream(root_ + "/" + path, std::ios::binary) << text;
  }
  static std::vector<std::string> Paths(const FolderScan& scan) {
    std::vector<std::string> paths;
    for (const FolderScan::File& file : scan.files) paths.push_back(file.path);
    return paths;
  }
  // Why the only file that there is is none.
  std::string OnlyProblem() {
    const FolderScan scan = ScanFolder(root_);
    return scan.files.size() == 1 ? std::string(scan.files[0].problem.message()) : "not one file";
  }

  storage::TemporaryFolder temporary_;
  const std::string root_ = temporary_.path();
};

TEST_F(FolderScanTest, FindsYamlInSubfoldersAndPassesOverWhatIsHidden) {
  fs::create_directories(root_ + "/b/deep");
  fs::create_directory(root_ + "/.git");
  for (const char* path : {"z.yml", "a.yaml", "b/deep/c.yaml", ".git/d.yaml", ".e.yaml", "f.txt"}) {
    Write(path);
  }
  EXPECT_THAT(Paths(ScanFolder(root_)), ElementsAre("a.yaml", "b/deep/c.yaml", "z.yml"));
}

TEST_F(FolderScanTest, ReadsAMountedConfigMapOnceAndBySight) {
  fs::create_directories(root_ + "/..v1/sub");
  Write("..v1/a.yaml");
  Write("..v1/sub/b.yaml");
  fs::create_directory_symlink("..v1", root_ + "/..data");
  fs::create_symlink("..data/a.yaml", root_ + "/a.yaml");
  fs::create_directory_symlink("..data/sub", root_ + "/sub");
  const FolderScan scan = ScanFolder(root_);
  EXPECT_THAT(Paths(scan), ElementsAre("a.yaml", "sub/b.yaml"));
  EXPECT_THAT(scan.skipped, IsEmpty());
  EXPECT_TRUE(scan.watched.at(root_).everything);
}

TEST_F(FolderScanTest, ReadsEachFolderOnceWhateverLinksLeadBack) {
  fs::create_directory(root_ + "/sub");
  Write("sub/a.yaml");
  fs::create_directory_symlink("..", root_ + "/sub/up");
  const FolderScan scan = ScanFolder(root_);
  EXPECT_THAT(Paths(scan), ElementsAre("sub/a.yaml"));
  ASSERT_EQ(scan.skipped.size(), 1u);
  EXPECT_EQ(scan.skipped[0].path, "sub/up");
  EXPECT_THAT(scan.skipped[0].why, HasSubstr("is the same folder as `.`"));
}

TEST_F(FolderScanTest, NamesALinkInACircle) {
  fs::create_symlink("a.yaml", root_ + "/a.yaml");
  EXPECT_THAT(OnlyProblem(), HasSubstr("Too many levels of symbolic links"));
}

TEST_F(FolderScanTest, NamesALinkToNothing) {
  fs::create_symlink("nowhere", root_ + "/a.yaml");
  EXPECT_THAT(OnlyProblem(), HasSubstr("No such file"));
}

TEST_F(FolderScanTest, DoesNotOpenAPipe) {
  ASSERT_EQ(mkfifo((root_ + "/a.yaml").c_str(), 0600), 0);
  EXPECT_EQ(OnlyProblem(), "is a pipe, not a file");
  FileStamp stamp;
  EXPECT_EQ(ReadTemplateFile(root_ + "/a.yaml", stamp).status().message(), "is a pipe, not a file");
}

TEST_F(FolderScanTest, NamesASocket) {
  const int made = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (root_ + "/a.yaml").copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(made, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_EQ(OnlyProblem(), "is a socket, not a file");
  close(made);
}

TEST_F(FolderScanTest, DoesNotReadWhatIsLongerThanATemplateMayBe) {
  Write("a.yaml");
  fs::resize_file(root_ + "/a.yaml", std::uintmax_t{1} << 30);
  EXPECT_EQ(OnlyProblem(), "has 1073741824 bytes, over the limit of 16777216 bytes");
  FileStamp stamp;
  EXPECT_EQ(ReadTemplateFile(root_ + "/a.yaml", stamp).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(FolderScanTest, ReadsAFolderNamedLikeAFileAsAFolder) {
  fs::create_directory(root_ + "/x.yaml");
  Write("x.yaml/a.yaml");
  const FolderScan scan = ScanFolder(root_);
  EXPECT_THAT(Paths(scan), ElementsAre("x.yaml/a.yaml"));
  ASSERT_EQ(scan.skipped.size(), 1u);
  EXPECT_EQ(scan.skipped[0].why, "is a folder, and read as one");
}

TEST_F(FolderScanTest, KeepsToItsLimits) {
  fs::create_directories(root_ + "/1/2/3");
  for (const char* path : {"a.yaml", "b.yaml", "c.yaml", "1/2/3/d.yaml"}) Write(path);
  FolderScan scan = ScanFolder(root_, {.files = 2});
  EXPECT_THAT(Paths(scan), ElementsAre("1/2/3/d.yaml", "a.yaml"));
  EXPECT_THAT(scan.skipped.at(0).why, HasSubstr("holds 4 templates; only the first 2"));
  scan = ScanFolder(root_, {.depth = 2});
  EXPECT_THAT(Paths(scan), ElementsAre("a.yaml", "b.yaml", "c.yaml"));
  EXPECT_EQ(scan.skipped.at(0).path, "1/2/3");
  scan = ScanFolder(root_, {.folders = 1});
  EXPECT_THAT(Paths(scan), ElementsAre("a.yaml", "b.yaml", "c.yaml"));
  EXPECT_THAT(scan.skipped.at(0).why, HasSubstr("more than 1 folders"));
  scan = ScanFolder(root_, {.names = 1});
  EXPECT_THAT(scan.skipped.at(0).why, HasSubstr("holds more than 1 names"));
}

TEST_F(FolderScanTest, SaysWhyAFolderCannotBeReadAndWatchesForIt) {
  const FolderScan scan = ScanFolder(root_ + "/later/tasks");
  EXPECT_THAT(std::string(scan.folder.message()), HasSubstr("No such file"));
  // By the way to it, as far as it goes.
  EXPECT_TRUE(scan.watched.at(fs::canonical(root_).string()).names.contains("later"));
}

TEST_F(FolderScanTest, ReadsBytesAndTellsThemByTheirStamp) {
  Write("a.yaml", "one");
  FileStamp first;
  EXPECT_EQ(*ReadTemplateFile(root_ + "/a.yaml", first), "one");
  EXPECT_EQ(first, ScanFolder(root_).files.at(0).stamp);
  Write("b.tmp", "two");
  fs::rename(root_ + "/b.tmp", root_ + "/a.yaml");
  FileStamp second;
  EXPECT_EQ(*ReadTemplateFile(root_ + "/a.yaml", second), "two");
  EXPECT_NE(first, second);
}

}  // namespace
}  // namespace tasker::service
