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

  // `check`: that everything acknowledged is there.
  void Open(bool check = true) {
    auto store = OpenRocksDbStore(options_);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    Settle(check);
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
  void Settle(bool check = true) {
    const auto last = store_->LastSequence(kPartition);
    ASSERT_TRUE(last.ok()) << last.status();
    ASSERT_GE(*last, own_.last_sequence);
    ASSERT_LE(*last, storage::Next(own_.last_sequence));
    if (*last != own_.last_sequence) acknowledged_[doubtful_.first] = doubtful_.second;
    const auto own = store_->Acquire(kPartition);
    ASSERT_TRUE(own.ok()) << own.status();
    own_ = *own;
    if (check) Check();
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

  // Closes the store, with everything in tables: that is what opening it does with its log.
  void WriteOutToTables() {
    store_.reset();
    Open();
    store_.reset();
  }

  // Of a closed store: writes over some bytes of each file of a kind that is not small, so far into
  // it; returns how many files.
  int Damage(const std::string& extension, double place) const {
    int damaged = 0;
    for (const auto& entry : std::filesystem::directory_iterator(options_.folder)) {
      if (entry.path().extension() != extension || entry.file_size() < 10'000) continue;
      std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(static_cast<std::streamoff>(place * static_cast<double>(entry.file_size())));
      file << std::string(64, '\x55');
      ++damaged;
    }
    return damaged;
  }

  // The damage costs some rows of `table` at most: others are read as they were. Returns how many.
  int CheckDamaged(Table table) {
    int lost = 0;
    int found = 0;
    for (const auto& [key, value] : acknowledged_) {
      const auto row = store_->Get(table, key);
      if (row.ok()) {
        EXPECT_EQ(*row, value);
        ++found;
        continue;
      }
      EXPECT_EQ(row.status().code(), absl::StatusCode::kDataLoss);
      ++lost;
    }
    EXPECT_GT(found, 0);
    return lost;
  }

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

TEST(Faults, AReadThatFailsIsAnErrorOnlyAsLongAsItDoes) {
  FaultyStore store(9);
  for (int i = 0; i < 20; ++i) ASSERT_EQ(store.Put(), CommitOutcome::kCommitted);
  store.WriteOutToTables();
  store.Open(/*check=*/false);
  const std::string key = store.acknowledged_.begin()->first;
  store.files_->Set({.failed_read = 1});
  EXPECT_EQ(store.store_->Get(Table::kTasks, key).status().code(), absl::StatusCode::kUnavailable);
  // What is written is not read.
  EXPECT_EQ(store.Put(), CommitOutcome::kCommitted);
  store.files_->Set({});
  store.Check();
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

TEST(Faults, ALogDamagedInItsMiddleIsNotTakenForOneThatACrashHasTorn) {
  FaultyStore store(6);
  for (int i = 0; i < 20; ++i) ASSERT_EQ(store.Put(), CommitOutcome::kCommitted);
  store.store_.reset();
  ASSERT_EQ(store.Damage(".log", 0.5), 1);
  const auto refused = OpenRocksDbStore(store.options_);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kDataLoss);
  const std::string why(refused.status().message());
  EXPECT_NE(why.find(" to 20 of partition 0 were acknowledged, and are not there"),
            std::string::npos)
      << why;
  // Who knows what is gone may go on with the rest.
  std::filesystem::remove(store.options_.folder + "/acknowledged");
  EXPECT_TRUE(OpenRocksDbStore(store.options_).ok());
}

TEST(Faults, ADamagedBlockIsAnErrorOfThoseReadsAlone) {
  FaultyStore store(5);
  for (int i = 0; i < 20; ++i) ASSERT_EQ(store.Put(), CommitOutcome::kCommitted);
  store.WriteOutToTables();
  ASSERT_GT(store.Damage(".sst", 0.02), 0);
  store.Open(/*check=*/false);
  EXPECT_GT(store.CheckDamaged(Table::kTasks), 0);
  EXPECT_EQ(store.Put(), CommitOutcome::kCommitted);
}

TEST(Faults, ADamagedBlobIsAnErrorOfThoseReadsAlone) {
  FaultyStore store(7);
  store.options_.blob_bytes_min = 100;
  store.CutPower();
  for (int i = 0; i < 20; ++i) ASSERT_EQ(store.Put(), CommitOutcome::kCommitted);
  store.WriteOutToTables();
  ASSERT_GT(store.Damage(".blob", 0.5), 0);
  store.Open(/*check=*/false);
  EXPECT_GT(store.CheckDamaged(Table::kSteps), 0);
  EXPECT_EQ(store.Put(), CommitOutcome::kCommitted);
}

// What merges tables reads them; of what it cannot read it must neither die nor make something
// else.
TEST(Faults, DamageThatACompactionMeetsIsToldAndReadsGoOn) {
  FaultyStore store(8);
  for (int i = 0; i < 20; ++i) ASSERT_EQ(store.Put(), CommitOutcome::kCommitted);
  store.WriteOutToTables();
  ASSERT_GT(store.Damage(".sst", 0.02), 0);
  store.Open(/*check=*/false);
  // Until tables have been written out that are to be merged with the damaged ones.
  CommitOutcome outcome = CommitOutcome::kCommitted;
  for (int i = 0; i < 20'000 && outcome == CommitOutcome::kCommitted; ++i) outcome = store.Put();
  EXPECT_EQ(outcome, CommitOutcome::kInDoubt);
  store.CheckDamaged(Table::kTasks);
  // The next compaction may meet it again at once: so no more is said of commits.
  EXPECT_TRUE(store.Recover().ok());
  store.CheckDamaged(Table::kTasks);
}

}  // namespace
}  // namespace tasker::storage
