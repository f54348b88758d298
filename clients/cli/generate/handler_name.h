// The names that generators are given, checked and taken apart.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "clients/cli/generate/language.h"

namespace tasker::cli::generate {

// No part of a name is longer, in bytes: names of files are made of it.
inline constexpr std::size_t kNamePartBytesMax = 64;
// The most modules around a task's class.
inline constexpr std::size_t kModulesMax = 3;

// A task's class, `Shop::OrderProcess`.
struct TaskName {
  // `Shop`; usually none.
  std::vector<std::string> modules;
  // `OrderProcess`.
  std::string class_name;

  // `Shop::OrderProcess`.
  std::string Full() const;
  // `order_process`, the template's name.
  std::string Snake() const;
  // Modules and class: what the task's own modules and folders are called.
  std::vector<std::string> Parts() const;

  bool operator==(const TaskName&) const = default;
};

// A step of a task.
struct StepName {
  TaskName task;
  // `ProcessData`; its class is `OrderProcess::StepHandler::ProcessDataHandler`.
  std::string base;

  // `process_data`, the step's name in the template.
  std::string Snake() const;
  // `ProcessDataHandler`.
  std::string ClassName() const;
  // `Shop::OrderProcess::StepHandler::ProcessDataHandler`.
  std::string Full() const;

  bool operator==(const StepName&) const = default;
};

// A subscriber's class.
struct SubscriberName {
  // `Notification`; its class is `NotificationSubscriber`.
  std::string base;

  std::string ClassName() const;
  bool operator==(const SubscriberName&) const = default;
};

// Each part may be given as `OrderProcess`, `order_process` or `order-process`, parts are joined by
// `::`. All fail with INVALID_ARGUMENT and a message that says what is wrong with which part, and
// what would be right: other characters than ASCII letters, digits, `_` and `-`, a digit first,
// empty or too long parts, too many of them, and words that `language` keeps for itself.

absl::StatusOr<TaskName> ReadTaskName(std::string_view text, Language language);

// `OrderProcess::ProcessData`; the whole class `OrderProcess::StepHandler::ProcessDataHandler` is
// the same.
absl::StatusOr<StepName> ReadStepName(std::string_view text, Language language);

// A step of `task` by its own name: `process_data`.
absl::StatusOr<StepName> ReadStepOf(const TaskName& task, std::string_view text, Language language);

// `notification`; `NotificationSubscriber` is the same.
absl::StatusOr<SubscriberName> ReadSubscriberName(std::string_view text, Language language);

// A name of steps alone, in a list of dependencies: `process_data` of any spelling.
absl::StatusOr<std::string> ReadDependency(std::string_view text);

}  // namespace tasker::cli::generate
