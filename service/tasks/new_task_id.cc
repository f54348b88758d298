#include "service/tasks/new_task_id.h"

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/random/random.h"

#include "storage/keys.h"

namespace tasker::service {
namespace {

// How long new tasks go into one slot before they go into the next. As long as most of what is
// written belongs to young tasks, each flush then writes a range of its own.
constexpr std::uint64_t kSlotMillis = 4'096;

}  // namespace

// The layout is that of RFC 9562, section 5.7.
engine::TaskId NewTaskId(engine::Timestamp now) {
  thread_local absl::BitGen random;
  const auto millis = static_cast<std::uint64_t>(now.time_since_epoch().count() / 1000);
  const std::array<std::uint64_t, 2> halves = {
      millis << 16 | 0x7000 | absl::Uniform<std::uint64_t>(random, 0, 0x1000),
      std::uint64_t{0b10} << 62 | absl::Uniform<std::uint64_t>(random, 0, std::uint64_t{1} << 62)};
  std::array<char, 16> bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<char>(halves[i / 8] >> (56 - 8 * (i % 8)));
  }
  storage::PlaceInSlot(static_cast<std::uint16_t>(millis / kSlotMillis % storage::kSlotCount),
                       bytes);
  return *engine::TaskId::FromBytes({bytes.data(), bytes.size()});
}

}  // namespace tasker::service
