// What only a store on a disk can get wrong.
#include "storage/rocksdb_store.h"

#include <cstdlib>
#include <fstream>
#include <optional>
#include <unistd.h>

#include <gtest/gtest.h>

#include "storage/keys.h"
#include "tests/storage/temporary_folder.h"

namespace tasker::storage {
namespace {

constexpr PartitionId kPartition{0};

RocksDbOptions In(const std::string& folder) {
  RocksDbOptions options;
  options.folder = folder;
  return options;
}

void CommitOne(Store& store, std::string_view key) {
  const Ownership own = *store.Acquire(kPartition);
  Batch batch;
  batch.Put(Table::kTasks, key, "value");
  ASSERT_EQ(store.Commit(kPartition, own.epoch, Next(own.last_sequence), batch).outcome,
            CommitOutcome::kCommitted);
}

TEST(RocksDbStore, MakesItsFolderWithItsParents) {
  TemporaryFolder folder;
  EXPECT_TRUE(OpenRocksDbStore(In(folder.path() + "/a/b/c")).ok());
}

TEST(RocksDbStore, KeepsEverythingOverARestart) {
  TemporaryFolder folder;
  CommitOne(**OpenRocksDbStore(In(folder.path())), "a");
  const auto store = *OpenRocksDbStore(In(folder.path()));
  EXPECT_EQ(*store->Get(Table::kTasks, "a"), "value");
  EXPECT_EQ(*store->LastSequence(kPartition), Sequence{1});
  EXPECT_EQ(store->Acquire(kPartition)->epoch, Epoch{2});
}

// The process is this program, begun anew: one that was only forked would have the threads of
// RocksDB in its books and not at work.
TEST(RocksDbStore, KeepsWhatWasCommittedByAProcessThatDiedWithoutClosing) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  static constexpr char kFolder[] = "TASKER_TEST_STORE";
  std::optional<TemporaryFolder> folder;
  if (getenv(kFolder) == nullptr) setenv(kFolder, folder.emplace().path().c_str(), 1);
  const std::string path = getenv(kFolder);
  EXPECT_EXIT(
      {
        CommitOne(**OpenRocksDbStore(In(path)), "a");
        _exit(0);  // Runs no destructor.
      },
      ::testing::ExitedWithCode(0), "");
  unsetenv(kFolder);
  EXPECT_EQ(*(*OpenRocksDbStore(In(path)))->Get(Table::kTasks, "a"), "value");
}

TEST(RocksDbStore, RefusesAFolderThatIsOpenAlready) {
  TemporaryFolder folder;
  const auto first = OpenRocksDbStore(In(folder.path()));
  const auto second = OpenRocksDbStore(In(folder.path()));
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(std::string(second.status().message()).find(folder.path()), std::string::npos);
}

TEST(RocksDbStore, RefusesAFileInPlaceOfItsFolder) {
  TemporaryFolder folder;
  const std::string file = folder.path() + "/file";
  std::ofstream(file) << "x";
  EXPECT_FALSE(OpenRocksDbStore(In(file)).ok());
}

TEST(RocksDbStore, RefusesTheFormatOfANewerVersion) {
  TemporaryFolder folder;
  {
    const auto store = *OpenRocksDbStore(In(folder.path()));
    const Ownership own = *store->Acquire(kPartition);
    Batch batch;
    batch.Put(Table::kPartitions, "format", "3");
    ASSERT_TRUE(store->Commit(kPartition, own.epoch, Sequence{1}, batch).detail.ok());
  }
  const auto refused = OpenRocksDbStore(In(folder.path()));
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(std::string(refused.status().message()).find("has format 3"), std::string::npos);
}

}  // namespace
}  // namespace tasker::storage
