// How long finished tasks, their history and events are kept.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/yaml/yaml_fields.h"

namespace tasker::config {

// What is removed: whatever is over either limit. Without limits nothing is.
struct KeepLimits {
  // Since the task finished, or the event came about.
  std::optional<std::chrono::microseconds> age;
  // How many of each template, the newest.
  std::optional<std::uint32_t> count;

  bool operator==(const KeepLimits&) const = default;
};

// Each is removed by limits of its own; with a task go its steps and its history, but not its
// events.
struct RetentionPolicy {
  KeepLimits tasks;
  // Of finished tasks that are kept themselves.
  KeepLimits history;
  KeepLimits events;

  bool operator==(const RetentionPolicy&) const = default;
};

// What goes for one namespace, or one template in it, where it says something.
struct RetentionRule {
  std::string namespace_name;
  // Empty: all of the namespace.
  std::string template_name;
  RetentionPolicy policy;

  bool operator==(const RetentionRule&) const = default;
};

struct RetentionSettings {
  // How often it is looked for what is to be removed.
  std::chrono::microseconds every = std::chrono::hours(1);
  // What goes where no rule says otherwise.
  RetentionPolicy all;
  std::vector<RetentionRule> rules;

  bool operator==(const RetentionSettings&) const = default;

  // Limit by limit: the template's rule, else the namespace's, else what goes for all.
  RetentionPolicy PolicyFor(std::string_view namespace_name, std::string_view template_name) const;
};

// Reads the section `retention` of the settings; every mistake is reported by its place.
RetentionSettings ReadRetention(const YamlFields& fields, YamlReport& report);

}  // namespace tasker::config
