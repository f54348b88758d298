#include "engine/model/attempt_token.h"

#include <gtest/gtest.h>

#include "tests/engine/engine_world.h"

namespace tasker::engine {
namespace {

const AttemptToken kToken{MakeTaskId(0x01020304), StepIndex{5}, AttemptNumber{6},
                          0x0708090a0b0c0d0e};

TEST(AttemptToken, IsEncodedInBytesThatNeverChange) {
  const std::string expected = std::string("\x01", 1) + std::string(12, '\0') +
                               std::string("\x01\x02\x03\x04", 4) +
                               std::string("\x00\x00\x00\x05\x00\x00\x00\x06", 8) +
                               std::string("\x07\x08\x09\x0a\x0b\x0c\x0d\x0e", 8);
  EXPECT_EQ(kToken.Encode(), expected);
  EXPECT_EQ(AttemptToken::Decode(expected), kToken);
}

TEST(AttemptToken, IsNotDecodedFromAnythingElse) {
  EXPECT_FALSE(AttemptToken::Decode(""));
  EXPECT_FALSE(AttemptToken::Decode("nonsense"));
  std::string other_version = kToken.Encode();
  other_version[0] = 2;
  EXPECT_FALSE(AttemptToken::Decode(other_version));
  EXPECT_FALSE(AttemptToken::Decode(kToken.Encode() + "x"));
}

}  // namespace
}  // namespace tasker::engine
