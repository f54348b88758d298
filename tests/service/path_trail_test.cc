#include "service/templates/path_trail.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/storage/temporary_folder.h"

namespace tasker::service {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::SizeIs;

class PathTrailTest : public ::testing::Test {
 protected:
  // The temporary folder's own path may go through links.
  PathTrailTest() : root_(fs::canonical(temporary_.path())) {}

  // The trail from the temporary folder on.
  std::vector<TrailStop> Below(const std::string& path) {
    std::vector<TrailStop> all = PathTrail((root_ / path).string());
    std::erase_if(all,
                  [&](const TrailStop& stop) { return !stop.folder.starts_with(root_.string()); });
    return all;
  }
  TrailStop Stop(const std::string& folder, const std::string& name) {
    return {(folder.empty() ? root_ : root_ / folder).string(), name};
  }

  storage::TemporaryFolder temporary_;
  const fs::path root_;
};

TEST_F(PathTrailTest, GoesThroughTheLinksOfAMountedConfigMap) {
  fs::create_directories(root_ / "mnt/..v1");
  fs::create_directory_symlink("..v1", root_ / "mnt/..data");
  fs::create_symlink("..data/a.yaml", root_ / "mnt/a.yaml");
  EXPECT_EQ(Below("mnt/a.yaml"),
            (std::vector{Stop("", "mnt"), Stop("mnt", "a.yaml"), Stop("mnt", "..data"),
                         Stop("mnt", "..v1"), Stop("mnt/..v1", "a.yaml")}));
}

TEST_F(PathTrailTest, EndsAtTheNameThatIsNotThere) {
  EXPECT_EQ(Below("no/such/folder"), (std::vector{Stop("", "no")}));
}

TEST_F(PathTrailTest, FollowsAbsoluteLinksAndDots) {
  fs::create_directories(root_ / "a/b");
  fs::create_directory_symlink(root_ / "a/b", root_ / "link");
  const std::vector<TrailStop> trail = Below("link/../b/./x");
  EXPECT_THAT(trail, Contains(Stop("", "link")));
  EXPECT_EQ(trail.back(), Stop("a/b", "x"));
}

TEST_F(PathTrailTest, EndsInACircle) {
  fs::create_symlink("two", root_ / "one");
  fs::create_symlink("one", root_ / "two");
  EXPECT_THAT(Below("one"), SizeIs(41));
}

}  // namespace
}  // namespace tasker::service
