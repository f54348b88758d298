// Errors on their way to a client.
#include "service/server/grpc_status.h"

#include <algorithm>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/yaml/yaml_document.h"

namespace tasker::service {
namespace {

using ::testing::EndsWith;

TEST(GrpcStatus, KeepsCodeAndMessage) {
  const grpc::Status status = ToGrpc(absl::NotFoundError("no task x\nor y"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "no task x\nor y");
  EXPECT_TRUE(ToGrpc(absl::OkStatus()).ok());
}

TEST(GrpcStatus, CutsWhatTheTrailersHaveNoRoomForBehindALine) {
  std::string message;
  for (int i = 0; i < 500; ++i) message += "line " + std::to_string(i) + " of many\n";
  const std::string sent = ToGrpc(absl::InvalidArgumentError(message)).error_message();
  EXPECT_LT(sent.size(), 7000u);
  EXPECT_THAT(sent, EndsWith(" more lines)"));
  const auto kept = static_cast<int>(std::ranges::count(sent, '\n'));
  EXPECT_THAT(sent, EndsWith("\n... (" + std::to_string(500 - kept + 1) + " more lines)"));
}

TEST(GrpcStatus, CountsWhatIsSentForEachByte) {
  // Each of these is sent as nine bytes.
  std::string message;
  for (int i = 0; i < 3000; ++i) message += "€";
  const std::string sent = ToGrpc(absl::InvalidArgumentError(message)).error_message();
  EXPECT_LE(sent.size(), 2100u);
  EXPECT_THAT(sent, EndsWith("\n... (cut)"));
  EXPECT_TRUE(config::IsUtf8(sent));
}

}  // namespace
}  // namespace tasker::service
