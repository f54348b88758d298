// What was committed outlives what disks do.
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "storage/keys.h"
#include "storage/rocksdb_store.h"
#include "tests/storage/faulty_file_system.h"
#include "tests/storage/temporary_folder.h"

namespace tasker::storage {
namespace {

constexpr PartitionId kPartition{0};

// A store over files that fail, and what it has acknowledged.
class FaultyStore {
 public:
  explicit FaultyStore(std::uint64_t seed)
      : random_(seed), files_(std::make_shared<FaultyFileSystem>(seed)) {
    options_.folder = folder_.path() + "/store";
    options_.file_system = files_;
    options_.memory_bytes = 1u << 20;
    options_.readers_wait_max = absl::Milliseconds(1);
    Open();
  }

  void Open() {
    auto store = OpenRocksDbStore(options_);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    Settle();
  }

  // Puts a row, and keeps what became of it.
  CommitOutcome Put() {
    const std::string key = std::to_string(random_() % 50);
    // Bytes that do not compress, so that tables have blocks to be damaged.
    std::string value(random_() % 3000, '\0');
    for (char& byte : value) byte = static_cast<char>(random_());
    Batch batch;
    batch.Put(Table::kTasks, key, value);
    batch.Put(Table::kSteps, key, value);
    const Sequence next = storage::Next(own_.last_sequence);
    const CommitOutcome outcome = store_->Commit(kPartition, own_.epoch, next, batch).outcome;
    if (outcome == CommitOutcome::kCommitted) {
      own_.last_sequence = next;
      acknowledged_[key] = value;
    } else {
      doubtful_ = {key, value};
    }
    return outcome;
  }

  // Takes the partition anew; what was in doubt is then decided, and everything acknowledged there.
  void Settle() {
    const auto last = store_->LastSequence(kPartition);
    ASSERT_TRUE(last.ok()) << last.status();
    ASSERT_GE(*last, own_.last_sequence);
    ASSERT_LE(*last, storage::Next(own_.last_sequence));
    if (*last != own_.last_sequence) acknowledged_[doubtful_.first] = doubtful_.second;
    const auto own = store_->Acquire(kPartition);
    ASSERT_TRUE(own.ok()) << own.status();
    own_ = *own;
    Check();
  }

  void Check() {
    for (const auto& [key, value] : acknowledged_) {
      for (const Table table : {Table::kTasks, Table::kSteps}) {
        const auto found = store_->Get(table, key);
        ASSERT_TRUE(found.ok()) << found.status();
        ASSERT_EQ(*found, value) << key;
      }
    }
  }

  void CutPower() {
    files_->Set({});
    store_.reset();
    files_->CutPower();
    Open();
  }

  absl::Status Recover() { return store_->Recover(); }

  TemporaryFolder folder_;
  std::mt19937_64 random_;
  std::shared_ptr<FaultyFileSystem> files_;
  RocksDbOptions options_;
  std::unique_ptr<Store> store_;
  Ownership own_{};
  std::map<std::string, std::string> acknowledged_;
  std::pair<std::string, std::string> doubtful_;
};

TEST(Faults, AFullDiskRefusesWritesAndGoesOnOnceThereIsRoom) {
  FaultyStore store(1);
  for (int i = 0; i < 20; ++i) ASSERT_EQ(store.Put(), CommitOutcome::kCommitted);
  store.files_->Set({.full = true});
  EXPECT_EQ(store.Put(), CommitOutcome::kInDoubt);
  EXPECT_EQ(store.Recover().code(), absl::StatusCode::kResourceExhausted);
  store.Check();
  store.files_->Set({});
  ASSERT_TRUE(store.Recover().ok());
  store.Settle();
  EXPECT_EQ(store.Put(), CommitOutcome::kCommitted);
}

TEST(Faults, ASyncThatFailedIsDecidedByRecovering) {
  FaultyStore store(2);
  store.files_->Set({.failed_sync = 1});
  EXPECT_EQ(store.Put(), CommitOutcome::kInDoubt);
  EXPECT_FALSE(store.Recover().ok());
  store.files_->Set({});
  ASSERT_TRUE(store.Recover().ok());
  store.Settle();
  EXPECT_EQ(store.Put(), CommitOutcome::kCommitted);
  store.CutPower();
}

TEST(Faults, ASnapshotHoldsUpARecoveryOnlyAsLongAsItLives) {
  FaultyStore store(3);
  ASSERT_EQ(store.Put(), CommitOutcome::kCommitted);
  auto snapshot = store.store_->TakeSnapshot();
  EXPECT_EQ(store.Recover().code(), absl::StatusCode::kUnavailable);
  store.Check();
  snapshot.reset();
  EXPECT_TRUE(store.Recover().ok());
  store.Settle();
}

TEST(Faults, NothingAcknowledgedIsLostUnderRandomFaultsAndPowerCuts) {
  std::uint64_t spoilt = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    FaultyStore store(seed);
    for (int round = 0; round < 6 && !HasFatalFailure(); ++round) {
      store.files_->Set({.failed_write = 0.02, .short_write = 0.02, .failed_sync = 0.02});
      bool failed = false;
      for (int i = 0; i < 60 && !failed; ++i) failed = store.Put() != CommitOutcome::kCommitted;
      store.files_->Set({.full = round % 3 == 1});
      if (round % 2 == 0) {
        store.CutPower();
        continue;
      }
      // As long as the disk is full it may refuse to recover, but loses nothing.
      if (!store.Recover().ok()) {
        store.files_->Set({});
        ASSERT_TRUE(store.Recover().ok());
      }
      store.Settle();
    }
    spoilt += store.files_->spoilt();
  }
  EXPECT_GT(spoilt, 25u);
}

TEST(Faults, ATornTailOfTheLogIsDroppedAndWhatWasSyncedStays) {
  FaultyStore store(4);
  for (int i = 0; i < 5; ++i) ASSERT_EQ(store.Put(), CommitOutcome::kCommitted);
  store.store_.reset();
  for (const auto& file : std::filesystem::directory_iterator(store.options_.folder)) {
    if (file.path().extension() != ".log") continue;
    std::ofstream(file.path(), std::ios::app | std::ios::binary) << "half a record";
  }
  store.Open();
  EXPECT_EQ(store.Put(), CommitOutcome::kCommitted);
}

TEST(Faults, ADamagedBlockIsAnErrorOfThoseReadsAlone) {
  FaultyStore store(5);
  for (int i = 0; i < 20; ++i) ASSERT_EQ(store.Put(), CommitOutcome::kCommitted);
  // Opening writes the log out to tables.
  store.store_.reset();
  store.Open();
  store.store_.reset();
  int damaged = 0;
  for (const auto& file : std::filesystem::directory_iterator(store.options_.folder)) {
    if (file.path().extension() != ".sst" || file.file_size() < 10'000) continue;
    std::fstream table(file.path(), std::ios::in | std::ios::out | std::ios::binary);
    table.seekp(100);
    table << std::string(64, '\x55');
    ++damaged;
  }
  ASSERT_GT(damaged, 0);
  const auto reopened = OpenRocksDbStore(store.options_);
  ASSERT_TRUE(reopened.ok()) << reopened.status();
  int lost = 0;
  for (const auto& [key, value] : store.acknowledged_) {
    const auto found = (*reopened)->Get(Table::kTasks, key);
    if (found.ok()) {
      EXPECT_EQ(*found, value);
      continue;
    }
    EXPECT_EQ(found.status().code(), absl::StatusCode::kDataLoss);
    ++lost;
  }
  EXPECT_GT(lost, 0);
  const auto own = (*reopened)->Acquire(kPartition);
  ASSERT_TRUE(own.ok());
  EXPECT_EQ((*reopened)->Commit(kPartition, own->epoch, Next(own->last_sequence), Batch()).outcome,
            CommitOutcome::kCommitted);
}

}  // namespace
}  // namespace tasker::storage
