#include "storage/memory_store.h"

#include <gtest/gtest.h>

namespace tasker::storage {
namespace {

constexpr PartitionId kPartition{0};

TEST(MemoryStore, FailsACommitWhenToldTo) {
  MemoryStore store;
  const Ownership own = *store.Acquire(kPartition);
  store.Inject({CommitOutcome::kFailed});
  Batch batch;
  batch.Put(Table::kTasks, "a", "1");
  EXPECT_EQ(store.Commit(kPartition, own.epoch, Sequence{1}, batch).outcome,
            CommitOutcome::kFailed);
  EXPECT_EQ(*store.Get(Table::kTasks, "a"), std::nullopt);
  EXPECT_EQ(*store.LastSequence(kPartition), Sequence{0});
  EXPECT_EQ(store.Commit(kPartition, own.epoch, Sequence{1}, batch).outcome,
            CommitOutcome::kCommitted);
}

TEST(MemoryStore, LeavesACommitInDoubtWrittenOrNot) {
  for (const bool written : {false, true}) {
    MemoryStore store;
    const Ownership own = *store.Acquire(kPartition);
    store.Inject({CommitOutcome::kInDoubt, written});
    Batch batch;
    batch.Put(Table::kTasks, "a", "1");
    EXPECT_EQ(store.Commit(kPartition, own.epoch, Sequence{1}, batch).outcome,
              CommitOutcome::kInDoubt);
    EXPECT_EQ(store.Get(Table::kTasks, "a")->has_value(), written);
    EXPECT_EQ(*store.LastSequence(kPartition), Sequence{written ? 1u : 0u});
  }
}

}  // namespace
}  // namespace tasker::storage
