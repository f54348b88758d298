#include "storage/keys.h"

#include <array>
#include <concepts>

namespace tasker::storage {
namespace {

constexpr std::string_view kSubscription = "subscription/";
constexpr std::size_t kSlotSize = 2;

constexpr std::uint64_t kFnvBasis = 0xcbf29ce484222325;
constexpr std::uint64_t kFnvPrime = 0x100000001b3;

constexpr std::uint64_t Hash(std::uint64_t hash, std::string_view bytes) {
  for (const char c : bytes) {
    hash ^= static_cast<unsigned char>(c);
    hash *= kFnvPrime;
  }
  return hash;
}

// The number that undoes a multiplication by `odd`, modulo 2^64: each of Newton's steps doubles the
// bits that are right, of which an odd number has three to begin with.
constexpr std::uint64_t InverseOf(std::uint64_t odd) {
  std::uint64_t inverse = odd;
  for (int i = 0; i < 5; ++i) inverse *= 2 - odd * inverse;
  return inverse;
}

constexpr std::uint64_t kFnvPrimeInverse = InverseOf(kFnvPrime);
static_assert(kFnvPrime * kFnvPrimeInverse == 1);

template <std::unsigned_integral Number>
void AppendBigEndian(std::string& key, Number number) {
  std::array<char, sizeof(Number)> bytes;
  for (std::size_t i = bytes.size(); i > 0; --i) {
    bytes[i - 1] = static_cast<char>(number);
    number = static_cast<Number>(std::uint64_t{number} >> 8);
  }
  key.append(bytes.data(), bytes.size());
}

template <std::unsigned_integral Number>
Number ReadBigEndian(std::string_view bytes) {
  Number number = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    number = static_cast<Number>(number << 8 | static_cast<unsigned char>(bytes[i]));
  }
  return number;
}

}  // namespace

std::uint16_t SlotOf(std::string_view task_id) {
  return static_cast<std::uint16_t>(Hash(kFnvBasis, task_id) % kSlotCount);
}

void PlaceInSlot(std::uint16_t slot, std::span<char> task_id) {
  const std::size_t last = task_id.size() - 1;
  const std::uint64_t before = Hash(kFnvBasis, {task_id.data(), last - 1});
  // What the hash must be before the last multiplication. The last byte sets its low eight bits;
  // the one before it is tried until the two above them are right, at most 256 and mostly four
  // times.
  const std::uint64_t wanted = slot * kFnvPrimeInverse;
  for (int i = 0; i < 256; ++i) {
    const std::uint64_t hash = Hash(before, {&task_id[last - 1], 1});
    const std::uint64_t byte = (hash ^ wanted) % kSlotCount;
    if (byte < 256) {
      task_id[last] = static_cast<char>(byte);
      return;
    }
    ++task_id[last - 1];
  }
}

std::string PartitionKey(PartitionId partition) {
  std::string key;
  AppendBigEndian(key, Raw(partition));
  return key;
}

std::string PausesKey(PartitionId partition) { return PartitionKey(partition) + "pauses"; }

std::string EventFloorsKey(PartitionId partition) { return PartitionKey(partition) + "floors"; }

std::string SubscriptionKey(PartitionId partition, std::string_view name) {
  return PartitionKey(partition).append(kSubscription).append(name);
}

std::optional<std::string_view> SubscriptionIn(std::string_view key) {
  if (key.size() < sizeof(std::uint16_t)) return std::nullopt;
  key.remove_prefix(sizeof(std::uint16_t));
  if (!key.starts_with(kSubscription)) return std::nullopt;
  return key.substr(kSubscription.size());
}

std::string TaskHandlerKey(PartitionId partition, std::string_view task_handler_class) {
  return PartitionKey(partition).append("task handler ").append(task_handler_class);
}

std::string TaskKey(std::string_view task_id) {
  std::string key;
  key.reserve(kTaskKeySize + sizeof(std::uint32_t));
  AppendBigEndian(key, SlotOf(task_id));
  key.append(task_id);
  return key;
}

std::string TaskRangeBegin(std::uint16_t slot) {
  std::string key;
  AppendBigEndian(key, slot);
  return key;
}

std::optional<std::string_view> TaskIdIn(std::string_view task_key) {
  if (task_key.size() < kTaskKeySize) return std::nullopt;
  return task_key.substr(kSlotSize, kTaskIdSize);
}

std::string StepKey(std::string_view task_id, std::uint32_t step) {
  std::string key = TaskKey(task_id);
  AppendBigEndian(key, step);
  return key;
}

std::optional<std::uint32_t> StepIn(std::string_view step_key) {
  if (step_key.size() != kTaskKeySize + sizeof(std::uint32_t)) return std::nullopt;
  return ReadBigEndian<std::uint32_t>(step_key.substr(kTaskKeySize));
}

std::string HistoryKey(std::string_view task_id, Sequence sequence, std::uint32_t row) {
  std::string key = TaskKey(task_id);
  AppendBigEndian(key, Raw(sequence));
  AppendBigEndian(key, row);
  return key;
}

std::string EventKey(PartitionId partition, Sequence sequence) {
  std::string key = PartitionKey(partition);
  AppendBigEndian(key, Raw(sequence));
  return key;
}

std::optional<Sequence> EventSequenceIn(std::string_view event_key) {
  if (event_key.size() != kSlotSize + sizeof(std::uint64_t)) return std::nullopt;
  return Sequence{ReadBigEndian<std::uint64_t>(event_key.substr(kSlotSize))};
}

std::string CreatedKey(PartitionId partition, std::int64_t created_at_us,
                       std::string_view task_id) {
  std::string key = PartitionKey(partition);
  AppendBigEndian(key, ~static_cast<std::uint64_t>(created_at_us));
  key.append(task_id);
  return key;
}

std::string FinishedKey(PartitionId partition, std::int64_t completed_at_us,
                        std::string_view task_id) {
  std::string key = PartitionKey(partition);
  AppendBigEndian(key, static_cast<std::uint64_t>(completed_at_us));
  key.append(task_id);
  return key;
}

std::optional<FinishedPlace> FinishedPlaceIn(std::string_view finished_key) {
  constexpr std::size_t kPrefix = kSlotSize + sizeof(std::uint64_t);
  if (finished_key.size() != kPrefix + kTaskIdSize) return std::nullopt;
  const auto at_us = ReadBigEndian<std::uint64_t>(finished_key.substr(kSlotSize));
  return FinishedPlace{static_cast<std::int64_t>(at_us), finished_key.substr(kPrefix)};
}

std::string_view HistoryPlaceIn(std::string_view history_key) {
  const std::size_t prefix = sizeof(std::uint16_t) + kTaskIdSize;
  return history_key.size() < prefix ? std::string_view() : history_key.substr(prefix);
}

std::optional<Sequence> HistorySequenceIn(std::string_view history_key) {
  const std::string_view place = HistoryPlaceIn(history_key);
  if (place.size() < sizeof(std::uint64_t)) return std::nullopt;
  return Sequence{ReadBigEndian<std::uint64_t>(place)};
}

std::optional<std::string_view> CreatedTaskIdIn(std::string_view created_key) {
  constexpr std::size_t kPrefix = kSlotSize + sizeof(std::uint64_t);
  if (created_key.size() != kPrefix + kTaskIdSize) return std::nullopt;
  return created_key.substr(kPrefix);
}

std::string TemplateKey(std::string_view namespace_name, std::string_view name,
                        std::string_view version) {
  std::string key = PartitionKey(kCatalog);
  key.append(namespace_name).push_back('\0');
  key.append(name).push_back('\0');
  key.append(version);
  return key;
}

std::optional<TemplateName> TemplateNameIn(std::string_view template_key) {
  if (template_key.size() < kSlotSize) return std::nullopt;
  const std::string_view names = template_key.substr(kSlotSize);
  const std::size_t first = names.find('\0');
  const std::size_t second = first == names.npos ? names.npos : names.find('\0', first + 1);
  if (second == names.npos) return std::nullopt;
  return TemplateName{names.substr(0, first), names.substr(first + 1, second - first - 1),
                      names.substr(second + 1)};
}

std::string KeyAfter(std::string_view prefix) {
  std::string key(prefix);
  while (!key.empty() && key.back() == '\xff') key.pop_back();
  if (!key.empty()) key.back() = static_cast<char>(static_cast<unsigned char>(key.back()) + 1);
  return key;
}

}  // namespace tasker::storage
