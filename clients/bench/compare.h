// Two things measured in turns, so that what else the machine does meets both alike.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"

#include "clients/bench/case_report.h"

namespace tasker::bench {

// One of the two.
struct Side {
  std::string name;
  BedOptions bed;
  Case what;
};

// What the pairs of runs found: A B A B ...
struct Comparison {
  Side a;
  Side b;
  Summary summary_a;
  Summary summary_b;

  // Of each pair, B's figure over A's.
  Spread Ratio(std::string_view figure) const;
};

// Measures `pairs` of runs, each on a fresh bed. Errors as MeasureAfresh.
absl::StatusOr<Comparison> Compare(const Side& a, const Side& b, int pairs, Interrupt& interrupt,
                                   const std::function<void(const std::string&)>& progress);

// An object: `a` and `b` with their names and as Summary::ToJson; `ratio`: of each figure the
// median, min and max of B over A, pair by pair.
nlohmann::ordered_json ToJson(const Comparison& comparison);

// For people: a line for each figure that matters.
std::string ToTable(const Comparison& comparison);

}  // namespace tasker::bench
