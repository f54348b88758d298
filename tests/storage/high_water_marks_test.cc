#include "storage/high_water_marks.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "storage/keys.h"
#include "tests/storage/temporary_folder.h"

namespace tasker::storage {
namespace {

// What a store says that has this newest commit in `partition`, and none in others.
auto Has(PartitionId partition, std::uint64_t newest) {
  return [=](PartitionId asked) -> absl::StatusOr<Sequence> {
    return Sequence{asked == partition ? newest : 0};
  };
}

TEST(HighWaterMarks, SayWhatWasAcknowledgedAndIsNotThere) {
  TemporaryFolder folder;
  (*HighWaterMarks::Open(folder.path()))->Raise(kCatalog, Sequence{7});
  const auto marks = *HighWaterMarks::Open(folder.path());
  EXPECT_TRUE(marks->Check(Has(kCatalog, 7)).ok());
  EXPECT_TRUE(marks->Check(Has(kCatalog, 8)).ok());
  const absl::Status lost = marks->Check(Has(kCatalog, 4));
  EXPECT_EQ(lost.code(), absl::StatusCode::kDataLoss);
  EXPECT_NE(std::string(lost.message()).find("the commits 5 to 7 of partition 1024"),
            std::string::npos);
}

TEST(HighWaterMarks, AreNoneInANewStoreAndInAFileThatWasCutOff) {
  TemporaryFolder folder;
  const auto marks = *HighWaterMarks::Open(folder.path());
  EXPECT_TRUE(marks->Check(Has(PartitionId{0}, 0)).ok());
  marks->Raise(PartitionId{3}, Sequence{7});
  EXPECT_FALSE(marks->Check(Has(PartitionId{3}, 6)).ok());
  std::filesystem::resize_file(folder.path() + "/acknowledged", 3 * 8 + 5);
  EXPECT_TRUE(marks->Check(Has(PartitionId{3}, 6)).ok());
}

TEST(HighWaterMarks, PassOnThatTheStoreCannotBeRead) {
  TemporaryFolder folder;
  const auto marks = *HighWaterMarks::Open(folder.path());
  marks->Raise(PartitionId{0}, Sequence{1});
  EXPECT_EQ(marks->Check([](PartitionId) { return absl::UnavailableError("x"); }).code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace tasker::storage
