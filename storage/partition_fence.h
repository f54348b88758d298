// Who may commit next: the rule that every store applies.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "storage/store.h"

namespace tasker::storage {

// A partition's owner and newest commit, as stored under PartitionKey.
struct PartitionState {
  Epoch epoch{};
  Sequence sequence{};

  // A serialised PartitionRecord.
  std::string Encode() const;
  // Nullopt if `bytes` is not one.
  static std::optional<PartitionState> Decode(std::string_view bytes);

  // Whether a commit of that position is the next of the partition's owner.
  bool Admits(Epoch owner, Sequence next) const { return owner == epoch && next == Next(sequence); }
};

}  // namespace tasker::storage
