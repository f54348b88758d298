// What names one attempt of a step, and fences every other.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/model/ids.h"

namespace tasker::engine {

// A handler gives the token back with its result; the result counts only while the step's newest
// attempt has this number and nonce. To handlers it is opaque.
struct AttemptToken {
  TaskId task;
  StepIndex step{};
  AttemptNumber attempt{};
  // Drawn anew for each hand-out, so that two hand-outs of one attempt differ too.
  std::uint64_t nonce = 0;

  bool operator==(const AttemptToken&) const = default;

  // 33 bytes: a version, then the fields in order, numbers big-endian.
  std::string Encode() const;

  // Nullopt if `bytes` were not made by Encode.
  static std::optional<AttemptToken> Decode(std::string_view bytes);
};

}  // namespace tasker::engine
