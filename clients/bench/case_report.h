// What several runs of one case found, for people and programs.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"

#include "clients/bench/measure.h"

namespace tasker::bench {

// A case and its runs.
struct CaseResult {
  Case what;
  Summary summary;
  // Of all runs together.
  std::vector<ThreadUsage> threads;
  double steps = 0;
};

// Measures a case `runs` times, each on a fresh bed. `progress` gets a line for each run. Errors as
// MeasureAfresh.
absl::StatusOr<CaseResult> MeasureCase(const BedOptions& bed, const Case& what, int runs,
                                       Interrupt& interrupt,
                                       const std::function<void(const std::string&)>& progress);

// `chain, 5 steps, 256 in flight, typescript`.
std::string TitleOf(const Case& what);

// An object: what was measured, then as Summary::ToJson, then `ledger` if threads were looked at.
nlohmann::ordered_json ToJson(const CaseResult& result);

// For people: a line for each case, with the range of the throughput; then the ledgers, if any.
std::string ToTable(const std::vector<CaseResult>& results);

}  // namespace tasker::bench
