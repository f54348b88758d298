// Names of things, each a type of its own so that mixing two does not compile.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tasker::engine {

// Names a task: 16 bytes, made at random by whoever creates the task (a UUID). Ordered by bytes.
class TaskId {
 public:
  static constexpr std::size_t kSize = 16;

  // All zero: names no task.
  TaskId() = default;

  // From the 16 bytes themselves, as stored; nullopt if `bytes` has another length.
  static std::optional<TaskId> FromBytes(std::string_view bytes);

  // From a UUID's text form, upper or lower case; nullopt if `text` is not one.
  static std::optional<TaskId> Parse(std::string_view text);

  // The 16 bytes; valid as long as this id.
  std::string_view bytes() const { return {bytes_.data(), kSize}; }

  // The UUID's text form in lower case: 8-4-4-4-12 hexadecimal digits.
  std::string ToString() const;

  auto operator<=>(const TaskId&) const = default;

  template <typename H>
  friend H AbslHashValue(H h, const TaskId& id) {
    return H::combine(std::move(h), id.bytes());
  }

 private:
  std::array<char, kSize> bytes_{};
};

// A step's place in its template, from 0.
enum class StepIndex : std::uint32_t {};

constexpr std::uint32_t Raw(StepIndex step) { return static_cast<std::uint32_t>(step); }

// Which attempt of a step, from 1; 0 means none.
enum class AttemptNumber : std::uint32_t {};

constexpr std::uint32_t Raw(AttemptNumber attempt) { return static_cast<std::uint32_t>(attempt); }

// One connection of a handler. Given out by the service, never used twice while it runs; 0 is none.
enum class SessionId : std::uint64_t {};

constexpr std::uint64_t Raw(SessionId session) { return static_cast<std::uint64_t>(session); }

// Names one step of one task.
struct StepRef {
  TaskId task;
  StepIndex step{};

  auto operator<=>(const StepRef&) const = default;
};

// How people and the wire name a step: the task's id, a dot, the step's index.
std::string StepIdText(const TaskId& task, StepIndex step);

}  // namespace tasker::engine
