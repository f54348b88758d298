#include "service/pipeline/known_positions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tasker/v1/task_service.pb.h"

namespace tasker::service {
namespace {

using ::testing::HasSubstr;

class KnownPositionsTest : public ::testing::Test {
 protected:
  KnownPositionsTest() {
    positions_.Add(storage::PartitionId{0}, [this] { return newest_; });
  }

  static v1::Position At(std::uint32_t partition, std::uint64_t sequence) {
    v1::Position position;
    position.set_partition(partition);
    position.set_sequence(sequence);
    return position;
  }

  storage::Sequence newest_{7};
  KnownPositions positions_;
};

TEST_F(KnownPositionsTest, KnowsWhatTheLogHasComeTo) {
  EXPECT_TRUE(positions_.Check(At(0, 0)).ok());
  EXPECT_TRUE(positions_.Check(At(0, 7)).ok());
  const absl::Status ahead = positions_.Check(At(0, 8));
  EXPECT_EQ(ahead.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(ahead.message()), HasSubstr("has come to 7, not to 8"));
  newest_ = storage::Sequence{8};
  EXPECT_TRUE(positions_.Check(At(0, 8)).ok());
  EXPECT_EQ(positions_.NewestOf(storage::PartitionId{0}).sequence(), 8u);
}

TEST_F(KnownPositionsTest, KnowsNoPartitionThatIsNotThere) {
  EXPECT_EQ(positions_.Check(At(5, 0)).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(positions_.Check(At(70'000, 0)).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(KnownPositionsTest, DemandsNothingOfARequestThatDoesNot) {
  v1::GetTaskRequest request;
  EXPECT_TRUE(CheckAtLeast(positions_, request).ok());
  *request.mutable_at_least() = At(0, 9);
  EXPECT_FALSE(CheckAtLeast(positions_, request).ok());
}

}  // namespace
}  // namespace tasker::service
