// What goes for a template, and how many of its things may still be kept.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "config/retention.h"
#include "engine/model/time.h"

namespace tasker::service {

// Namespace and name.
using TemplateName = std::pair<std::string, std::string>;

// Says, of things of one kind that come oldest first, which are over their limits.
class Expiry {
 public:
  using Limits = config::KeepLimits config::RetentionPolicy::*;

  Expiry(const config::RetentionSettings* settings, Limits kind, engine::Timestamp now)
      : settings_(*settings), kind_(kind), now_(now) {}

  // Whether some limit is a number, so that Count has to be called with everything there is first.
  bool HasCounts() const {
    return Any([](const config::KeepLimits& limits) { return limits.count.has_value(); });
  }
  // Whether there is any limit.
  bool HasLimits() const {
    return Any([](const config::KeepLimits& limits) { return limits.count || limits.age; });
  }
  // What came about at this time or later is over no age.
  engine::Timestamp Horizon() const {
    std::optional<std::chrono::microseconds> shortest;
    const auto look = [&](const config::RetentionPolicy& policy) {
      const auto age = (policy.*kind_).age;
      if (age && (!shortest || *age < *shortest)) shortest = age;
    };
    look(settings_.all);
    for (const config::RetentionRule& rule : settings_.rules) look(rule.policy);
    return shortest ? now_ - *shortest : engine::Timestamp();
  }

  void Count(const TemplateName& name) { ++Of(name).left; }

  // To be asked of each thing, once, oldest first.
  bool IsOver(const TemplateName& name, engine::Timestamp at) {
    Known& known = Of(name);
    const bool too_old = known.limits.age && at + *known.limits.age <= now_;
    const bool too_many = known.limits.count && known.left > *known.limits.count;
    if (known.left > 0) --known.left;
    return too_old || too_many;
  }

 private:
  struct Known {
    config::KeepLimits limits;
    // Things counted that IsOver was not asked of yet.
    std::uint64_t left = 0;
  };

  template <typename Test>
  bool Any(const Test& test) const {
    return test(settings_.all.*kind_) ||
           std::ranges::any_of(settings_.rules, [&](const config::RetentionRule& rule) {
             return test(rule.policy.*kind_);
           });
  }

  Known& Of(const TemplateName& name) {
    const auto found = known_.find(name);
    if (found != known_.end()) return found->second;
    return known_[name] = {settings_.PolicyFor(name.first, name.second).*kind_, 0};
  }

  const config::RetentionSettings& settings_;
  const Limits kind_;
  const engine::Timestamp now_;
  std::map<TemplateName, Known> known_;
};

}  // namespace tasker::service
