#include "storage/backups.h"

#include <filesystem>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "storage/keys.h"
#include "storage/rocksdb_store.h"
#include "tests/storage/temporary_folder.h"

namespace tasker::storage {
namespace {

constexpr PartitionId kPartition{0};

class Backups : public ::testing::Test {
 protected:
  Backups() { own_ = *store_->Acquire(kPartition); }

  std::unique_ptr<Store> Open(const std::string& name) {
    RocksDbOptions options;
    options.folder = folder_.path() + "/" + name;
    return *OpenRocksDbStore(options);
  }

  // Writes the same in two tables.
  void Put(const std::string& key, const std::string& value) {
    Batch batch;
    batch.Put(Table::kTasks, key, value);
    batch.Put(Table::kContexts, key, value);
    own_.last_sequence = Next(own_.last_sequence);
    ASSERT_EQ(store_->Commit(kPartition, own_.epoch, own_.last_sequence, batch).outcome,
              CommitOutcome::kCommitted);
  }

  TemporaryFolder folder_;
  std::unique_ptr<Store> store_ = Open("store");
  const std::string backups_ = folder_.path() + "/backups";
  Ownership own_{};
};

TEST_F(Backups, AreRestoredAsTheStoreWas) {
  Put("a", "1");
  ASSERT_EQ(*store_->AddBackup(backups_), 1u);
  Put("a", "2");
  ASSERT_EQ(*store_->AddBackup(backups_), 2u);
  Put("a", "3");
  ASSERT_TRUE(RestoreBackup(backups_, 1, folder_.path() + "/first").ok());
  ASSERT_TRUE(RestoreBackup(backups_, 0, folder_.path() + "/newest").ok());
  EXPECT_EQ(*Open("first")->Get(Table::kTasks, "a"), "1");
  EXPECT_EQ(*Open("newest")->Get(Table::kTasks, "a"), "2");
}

TEST_F(Backups, ShareWhatTheyHaveInCommon) {
  Put("large", std::string(4u << 20, 'x'));
  // Written out to tables by opening the store anew.
  store_.reset();
  store_ = Open("store");
  own_ = *store_->Acquire(kPartition);
  ASSERT_TRUE(store_->AddBackup(backups_).ok());
  const auto size = [this] {
    std::uintmax_t bytes = 0;
    for (const auto& file : std::filesystem::recursive_directory_iterator(backups_)) {
      if (file.is_regular_file()) bytes += file.file_size();
    }
    return bytes;
  };
  const std::uintmax_t first = size();
  Put("small", "x");
  ASSERT_TRUE(store_->AddBackup(backups_).ok());
  EXPECT_LT(size() - first, 1u << 20);
  EXPECT_EQ(ListBackups(backups_)->size(), 2u);
}

TEST_F(Backups, TakenUnderLoadHoldWholeCommits) {
  std::thread writer([this] {
    for (int i = 0; i < 3000; ++i) Put(std::to_string(i % 7), std::to_string(i));
  });
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(store_->AddBackup(backups_).ok());
  writer.join();
  for (std::uint32_t id = 1; id <= 3; ++id) {
    const std::string name = "restored" + std::to_string(id);
    ASSERT_TRUE(RestoreBackup(backups_, id, folder_.path() + "/" + name).ok());
    const auto restored = Open(name);
    // Every row stands as of the newest commit, in both tables.
    const auto last = static_cast<std::int64_t>(Raw(*restored->LastSequence(kPartition))) - 1;
    for (std::int64_t i = std::max<std::int64_t>(0, last - 6); i <= last; ++i) {
      EXPECT_EQ(*restored->Get(Table::kTasks, std::to_string(i % 7)), std::to_string(i));
      EXPECT_EQ(*restored->Get(Table::kContexts, std::to_string(i % 7)), std::to_string(i));
    }
  }
}

TEST_F(Backups, DamageIsFound) {
  Put("a", std::string(100'000, 'x'));
  ASSERT_TRUE(store_->AddBackup(backups_).ok());
  EXPECT_TRUE(VerifyBackup(backups_, 1).ok());
  for (const auto& file : std::filesystem::recursive_directory_iterator(backups_ + "/private/1")) {
    if (file.path().extension() != ".log") continue;
    std::fstream(file.path(), std::ios::in | std::ios::out | std::ios::binary).seekp(1000)
        << "damage";
  }
  EXPECT_EQ(VerifyBackup(backups_, 1).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(RestoreBackup(backups_, 1, folder_.path() + "/restored").code(),
            absl::StatusCode::kDataLoss);
}

TEST_F(Backups, WrongNumbersAndFullFoldersAreRefused) {
  Put("a", "1");
  EXPECT_TRUE(ListBackups(backups_)->empty());
  ASSERT_TRUE(store_->AddBackup(backups_).ok());
  EXPECT_EQ(VerifyBackup(backups_, 7).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(RestoreBackup(backups_, 7, folder_.path() + "/new").code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(RestoreBackup(backups_, 1, folder_.path() + "/store").code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(Backups, OldOnesAreRemoved) {
  for (int i = 0; i < 4; ++i) {
    Put("a", std::to_string(i));
    ASSERT_TRUE(store_->AddBackup(backups_).ok());
  }
  EXPECT_EQ(*PurgeBackups(backups_, 2), 2u);
  EXPECT_EQ(*PurgeBackups(backups_, 2), 0u);
  const auto left = *ListBackups(backups_);
  ASSERT_EQ(left.size(), 2u);
  EXPECT_EQ(left[0].id, 3u);
  EXPECT_GT(left[0].bytes, 0u);
  ASSERT_TRUE(RestoreBackup(backups_, 3, folder_.path() + "/restored").ok());
  EXPECT_EQ(*Open("restored")->Get(Table::kTasks, "a"), "2");
}

}  // namespace
}  // namespace tasker::storage
