// The log's files are longer than what was written, and nobody is misled by it.
#include "storage/log_file_system.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "storage/rocksdb_store.h"
#include "tests/storage/temporary_folder.h"

namespace tasker::storage {
namespace {

std::filesystem::path LogIn(const std::string& folder) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".log") return entry.path();
  }
  return {};
}

TEST(LogFileSystem, ZerosBehindTheLastCommitArePassedOver) {
  TemporaryFolder folder;
  RocksDbOptions options;
  options.folder = folder.path() + "/store";
  const std::string killed = folder.path() + "/killed";
  {
    auto store = *OpenRocksDbStore(options);
    const Ownership own = *store->Acquire(PartitionId{0});
    for (std::uint64_t i = 1; i <= 50; ++i) {
      Batch batch;
      batch.Put(Table::kTasks, std::to_string(i), std::string(1000, 'x'));
      ASSERT_EQ(store->Commit(PartitionId{0}, own.epoch, Sequence{i}, batch).outcome,
                CommitOutcome::kCommitted);
    }
    // What a kill would leave.
    std::filesystem::copy(options.folder, killed);
    EXPECT_EQ(std::filesystem::file_size(LogIn(killed)) % 4096, 0u);
    EXPECT_GT(std::filesystem::file_size(LogIn(killed)), 200'000u);
  }
  // In good order it is cut to what was written.
  EXPECT_LT(std::filesystem::file_size(LogIn(options.folder)), 100'000u);
  options.folder = killed;
  const auto store = *OpenRocksDbStore(options);
  for (int i = 1; i <= 50; ++i) {
    EXPECT_EQ(*store->Get(Table::kTasks, std::to_string(i)), std::string(1000, 'x'));
  }
  EXPECT_EQ(*store->LastSequence(PartitionId{0}), Sequence{50});
}

}  // namespace
}  // namespace tasker::storage
