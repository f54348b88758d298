// Stores that earlier versions wrote. golden/format_N.tar.gz was written by a version of format N
// (golden/make_golden.py) and holds finished and open tasks, events, templates and a pause.
#include <cstdlib>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/keys.h"
#include "storage/rocksdb_store.h"
#include "tasker/storage/v1/records.pb.h"
#include "tests/storage/temporary_folder.h"

namespace tasker::storage {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

class Formats : public ::testing::TestWithParam<int> {
 protected:
  Formats() {
    const std::string name = "format_" + std::to_string(GetParam());
    const std::string command = "tar -xzf '" + std::string(TASKER_GOLDEN_STORES) + "/" + name +
                                ".tar.gz' -C '" + folder_.path() + "'";
    EXPECT_EQ(std::system(command.c_str()), 0);
    options_.folder = folder_.path() + "/" + name;
    options_.log = [this](const std::string& line) { log_.push_back(line); };
  }

  static std::vector<std::string> KeysOf(Store& store, Table table) {
    std::vector<std::string> keys;
    const auto snapshot = store.TakeSnapshot();
    const auto rows = snapshot->Scan(table, "", "");
    for (; rows->Valid(); rows->Next()) keys.emplace_back(rows->key());
    EXPECT_TRUE(rows->status().ok());
    return keys;
  }

  TemporaryFolder folder_;
  RocksDbOptions options_;
  std::vector<std::string> log_;
};

TEST_P(Formats, AreBroughtUpToDateOnceWithALine) {
  for (int opened = 0; opened < 2; ++opened) {
    const auto store = OpenRocksDbStore(options_);
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_EQ(*(*store)->Get(Table::kPartitions, kFormatKey), std::to_string(kFormatVersion));
  }
  if (GetParam() < static_cast<int>(kFormatVersion)) {
    EXPECT_THAT(log_, ElementsAre(HasSubstr("from format " + std::to_string(GetParam()))));
  } else {
    EXPECT_THAT(log_, IsEmpty());
  }
}

TEST_P(Formats, KeepEveryTask) {
  const auto store = *OpenRocksDbStore(options_);
  EXPECT_THAT(KeysOf(*store, Table::kTasks), SizeIs(5));
  EXPECT_THAT(KeysOf(*store, Table::kOpen), SizeIs(2));
  EXPECT_THAT(KeysOf(*store, Table::kCreated), SizeIs(5));
  EXPECT_THAT(KeysOf(*store, Table::kTemplates), SizeIs(2));
  EXPECT_GT(KeysOf(*store, Table::kEvents).size(), 20u);
}

TEST_P(Formats, ListWhatHasFinishedByWhen) {
  const auto store = *OpenRocksDbStore(options_);
  std::vector<std::pair<std::string, std::string>> finished;
  std::int64_t before = 0;
  const auto snapshot = store->TakeSnapshot();
  const auto rows = snapshot->Scan(Table::kFinished, "", "");
  for (; rows->Valid(); rows->Next()) {
    const auto place = FinishedPlaceIn(rows->key());
    ASSERT_TRUE(place);
    EXPECT_GE(place->completed_at_us, before);
    before = place->completed_at_us;
    v1::TaskRecord task;
    ASSERT_TRUE(task.ParseFromString(**snapshot->Get(Table::kTasks, TaskKey(place->task_id))));
    EXPECT_EQ(task.completed_at_us(), place->completed_at_us);
    v1::FinishedRecord record;
    ASSERT_TRUE(record.ParseFromString(std::string(rows->value())));
    finished.emplace_back(record.namespace_(), record.name());
  }
  EXPECT_THAT(finished,
              ElementsAre(Pair("default", "order_process"), Pair("default", "order_process"),
                          Pair("default", "order_process")));
}

INSTANTIATE_TEST_SUITE_P(Golden, Formats, ::testing::Values(1, 2));

}  // namespace
}  // namespace tasker::storage
