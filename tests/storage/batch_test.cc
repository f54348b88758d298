#include "storage/batch.h"

#include <gtest/gtest.h>

namespace tasker::storage {
namespace {

TEST(Batch, KeepsChangesInTheirOrder) {
  Batch batch;
  batch.Put(Table::kTasks, "k", "value");
  batch.Delete(Table::kOpen, std::string_view("\0x", 2));
  ASSERT_EQ(batch.size(), 2u);
  EXPECT_EQ(batch.at(0).table, Table::kTasks);
  EXPECT_EQ(batch.at(0).kind, Batch::Kind::kPut);
  EXPECT_EQ(batch.at(0).key, "k");
  EXPECT_EQ(batch.at(0).value, "value");
  EXPECT_EQ(batch.at(1).kind, Batch::Kind::kDelete);
  EXPECT_EQ(batch.at(1).key, std::string_view("\0x", 2));
  EXPECT_EQ(batch.at(1).value, "");
  EXPECT_EQ(batch.bytes(), 8u);
}

TEST(Batch, KeepsBothEndsOfARange) {
  Batch batch;
  batch.DeleteRange(Table::kEvents, "a", "c");
  EXPECT_EQ(batch.at(0).kind, Batch::Kind::kDeleteRange);
  EXPECT_EQ(batch.at(0).key, "a");
  EXPECT_EQ(batch.at(0).value, "c");
}

TEST(Batch, AppendsAnother) {
  Batch first;
  first.Put(Table::kTasks, "a", "1");
  Batch second;
  second.Put(Table::kSteps, "b", "2");
  first.Append(second);
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first.at(1).table, Table::kSteps);
  EXPECT_EQ(first.at(1).key, "b");
  EXPECT_EQ(first.at(1).value, "2");
}

TEST(Batch, ForgetsEverythingWhenCleared) {
  Batch batch;
  batch.Put(Table::kTasks, "a", "1");
  batch.Clear();
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(batch.bytes(), 0u);
}

}  // namespace
}  // namespace tasker::storage
