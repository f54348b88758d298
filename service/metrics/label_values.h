// Keeps series of metrics bounded where others choose what they are called.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_set.h"

namespace tasker::service {

// Each value of a label is a series for ever, of kilobytes if it is a histogram, and is sent with
// each scrape. So only the first values are told apart. Not thread-safe.
class LabelValues {
 public:
  // What all others are called.
  static constexpr std::string_view kOther = "other";

  // `count_max`: how many are told apart.
  explicit LabelValues(std::size_t count_max) : count_max_(count_max) {}

  // Whether the value is one of those; makes it one while there is room. `key` says which value it
  // is, and of what.
  bool TellsApart(const std::string& key) {
    if (keys_.contains(key)) return true;
    if (keys_.size() >= count_max_) return false;
    keys_.insert(key);
    return true;
  }

 private:
  const std::size_t count_max_;
  absl::flat_hash_set<std::string> keys_;
};

}  // namespace tasker::service
