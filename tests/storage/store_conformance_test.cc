// What every store must do. A new one is added to the list at the end, and is right if it passes.
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/keys.h"
#include "storage/memory_store.h"
#include "storage/rocksdb_store.h"
#include "storage/store.h"
#include "tests/storage/temporary_folder.h"

namespace tasker::storage {
namespace {

using namespace std::string_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr PartitionId kPartition{0};

using OpenStore = std::function<std::unique_ptr<Store>(const std::string& folder)>;

struct Kind {
  const char* name;
  // A new store; `folder` is empty, and its own.
  OpenStore open;
  // The store that a checkpoint in `folder` is of.
  OpenStore open_checkpoint;
};

std::unique_ptr<Store> OpenRocksDb(const std::string& folder) {
  RocksDbOptions options;
  options.folder = folder;
  return *OpenRocksDbStore(options);
}

class StoreConformance : public ::testing::TestWithParam<Kind> {
 protected:
  StoreConformance() : store_(GetParam().open(folder_.path())) {
    own_ = *store_->Acquire(kPartition);
  }

  CommitResult Commit(const Batch& batch) {
    own_.last_sequence = Next(own_.last_sequence);
    return store_->Commit(kPartition, own_.epoch, own_.last_sequence, batch);
  }

  void Put(std::string_view key, std::string_view value) {
    Batch batch;
    batch.Put(Table::kTasks, key, value);
    ASSERT_EQ(Commit(batch).outcome, CommitOutcome::kCommitted);
  }

  std::optional<std::string> Get(std::string_view key) { return *store_->Get(Table::kTasks, key); }

  static std::vector<std::string> KeysOf(Snapshot& snapshot, std::string_view begin,
                                         std::string_view end) {
    std::vector<std::string> keys;
    const auto rows = snapshot.Scan(Table::kTasks, begin, end);
    for (; rows->Valid(); rows->Next()) keys.emplace_back(rows->key());
    EXPECT_TRUE(rows->status().ok());
    return keys;
  }

  TemporaryFolder folder_;
  std::unique_ptr<Store> store_;
  Ownership own_;
};

TEST_P(StoreConformance, KeepsWhatWasCommitted) {
  EXPECT_EQ(Get("a"), std::nullopt);
  Put("a", "1");
  EXPECT_EQ(Get("a"), "1");
  Put("a", "2");
  EXPECT_EQ(Get("a"), "2");
}

TEST_P(StoreConformance, AppliesABatchInItsOrder) {
  Batch batch;
  batch.Put(Table::kTasks, "a", "1");
  batch.Delete(Table::kTasks, "a");
  batch.Put(Table::kTasks, "b", "1");
  batch.Put(Table::kTasks, "b", "2");
  ASSERT_EQ(Commit(batch).outcome, CommitOutcome::kCommitted);
  EXPECT_EQ(Get("a"), std::nullopt);
  EXPECT_EQ(Get("b"), "2");
}

TEST_P(StoreConformance, DeletesARangeWithoutItsEnd) {
  for (const auto& key : {"a"s, "b"s, "ba"s, "c"s}) Put(key, key);
  Batch batch;
  batch.Put(Table::kTasks, "bb", "added before");
  batch.DeleteRange(Table::kTasks, "b", "c");
  batch.Put(Table::kTasks, "b", "added after");
  ASSERT_EQ(Commit(batch).outcome, CommitOutcome::kCommitted);
  const auto snapshot = store_->TakeSnapshot();
  EXPECT_THAT(KeysOf(*snapshot, "", ""), ElementsAre("a", "b", "c"));
  EXPECT_EQ(Get("b"), "added after");
}

TEST_P(StoreConformance, RecoversWithoutLosingOwnerOrRows) {
  Put("a", "1");
  const std::uint64_t syncs = store_->SyncCount();
  ASSERT_TRUE(store_->Recover().ok());
  EXPECT_GE(store_->SyncCount(), syncs);
  Put("b", "2");
  EXPECT_EQ(Get("a"), "1");
  EXPECT_EQ(Get("b"), "2");
}

TEST_P(StoreConformance, CheckpointsAreTheStoreAsItWas) {
  Put("a", "1");
  const std::string folder = folder_.path() + "/checkpoint";
  ASSERT_TRUE(store_->CheckpointTo(folder).ok());
  EXPECT_FALSE(store_->CheckpointTo(folder).ok());
  Put("a", "2");
  const auto copy = GetParam().open_checkpoint(folder);
  EXPECT_EQ(*copy->Get(Table::kTasks, "a"), "1");
  EXPECT_EQ(*copy->LastSequence(kPartition), Sequence{1});
}

TEST_P(StoreConformance, KeepsTablesApart) {
  Put("a", "1");
  EXPECT_EQ(*store_->Get(Table::kSteps, "a"), std::nullopt);
}

TEST_P(StoreConformance, TakesAnyBytesAndLargeValues) {
  const std::string key = "\0\xff\n"s;
  const std::string value(8u << 20, '\xfe');
  Put(key, value);
  EXPECT_EQ(Get(key), value);
  Put("empty", "");
  EXPECT_EQ(Get("empty"), "");
}

TEST_P(StoreConformance, ScansRangesInTheOrderOfBytes) {
  for (const auto& key : {"b"s, "a"s, "\xff"s, "ab"s, "\0"s}) Put(key, key);
  const auto snapshot = store_->TakeSnapshot();
  EXPECT_THAT(KeysOf(*snapshot, "", ""), ElementsAre("\0"s, "a", "ab", "b", "\xff"));
  EXPECT_THAT(KeysOf(*snapshot, "a", "b"), ElementsAre("a", "ab"));
  EXPECT_THAT(KeysOf(*snapshot, "ab", ""), ElementsAre("ab", "b", "\xff"));
  EXPECT_THAT(KeysOf(*snapshot, "c", "d"), IsEmpty());
  EXPECT_THAT(KeysOf(*snapshot, "b", "a"), IsEmpty());
}

TEST_P(StoreConformance, ShowsASnapshotAsItWasWhenTaken) {
  Put("a", "1");
  const auto snapshot = store_->TakeSnapshot();
  Put("a", "2");
  Put("b", "2");
  EXPECT_EQ(*snapshot->Get(Table::kTasks, "a"), "1");
  EXPECT_THAT(KeysOf(*snapshot, "", ""), ElementsAre("a"));
}

TEST_P(StoreConformance, RefusesAnOwnerThatWasSuperseded) {
  Put("a", "1");
  const Ownership newer = *store_->Acquire(kPartition);
  EXPECT_GT(newer.epoch, own_.epoch);
  EXPECT_EQ(newer.last_sequence, own_.last_sequence);
  Batch batch;
  batch.Put(Table::kTasks, "a", "stolen");
  const CommitResult refused = Commit(batch);
  EXPECT_EQ(refused.outcome, CommitOutcome::kFenced);
  EXPECT_FALSE(refused.detail.ok());
  EXPECT_EQ(Get("a"), "1");
  EXPECT_EQ(store_->Commit(kPartition, newer.epoch, Next(newer.last_sequence), batch).outcome,
            CommitOutcome::kCommitted);
}

TEST_P(StoreConformance, RefusesASequenceThatIsNotTheNext) {
  Put("a", "1");
  Batch batch;
  batch.Put(Table::kTasks, "a", "2");
  for (const Sequence wrong : {Sequence{0}, Sequence{1}, Sequence{3}}) {
    EXPECT_EQ(store_->Commit(kPartition, own_.epoch, wrong, batch).outcome, CommitOutcome::kFenced);
  }
  EXPECT_EQ(Get("a"), "1");
}

TEST_P(StoreConformance, RefusesWhoeverNeverAcquired) {
  EXPECT_EQ(store_->Commit(PartitionId{7}, Epoch{1}, Sequence{1}, Batch()).outcome,
            CommitOutcome::kFenced);
}

TEST_P(StoreConformance, CountsAnEmptyBatchToo) {
  EXPECT_EQ(*store_->LastSequence(kPartition), Sequence{0});
  ASSERT_EQ(Commit(Batch()).outcome, CommitOutcome::kCommitted);
  EXPECT_EQ(*store_->LastSequence(kPartition), Sequence{1});
}

TEST_P(StoreConformance, KeepsPartitionsApart) {
  const Ownership other = *store_->Acquire(kCatalog);
  Put("a", "1");
  EXPECT_EQ(*store_->LastSequence(kCatalog), Sequence{0});
  EXPECT_EQ(store_->Commit(kCatalog, other.epoch, Sequence{1}, Batch()).outcome,
            CommitOutcome::kCommitted);
}

TEST_P(StoreConformance, SyncsOnceForEachCommit) {
  const std::uint64_t before = store_->SyncCount();
  Put("a", "1");
  Put("b", "1");
  EXPECT_EQ(store_->SyncCount() - before, 2u);
}

TEST_P(StoreConformance, IsReadWhileItIsWritten) {
  std::thread writer([&] {
    for (int i = 0; i < 200; ++i) {
      Batch batch;
      batch.Put(Table::kTasks, "x", std::to_string(i));
      batch.Put(Table::kTasks, "y", std::to_string(i));
      Commit(batch);
    }
  });
  for (int i = 0; i < 200; ++i) {
    const auto snapshot = store_->TakeSnapshot();
    EXPECT_EQ(*snapshot->Get(Table::kTasks, "x"), *snapshot->Get(Table::kTasks, "y"));
  }
  writer.join();
}

INSTANTIATE_TEST_SUITE_P(
    Stores, StoreConformance,
    ::testing::Values(Kind{"Memory",
                           [](const std::string&) { return std::make_unique<MemoryStore>(); },
                           [](const std::string& folder) { return *MemoryStore::Open(folder); }},
                      Kind{"RocksDb",
                           [](const std::string& folder) { return OpenRocksDb(folder + "/store"); },
                           OpenRocksDb}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace tasker::storage
