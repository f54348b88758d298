// The table by which Tasker's speed is judged: every workload, what the best peer does, what is to
// be reached, and what was measured.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"

#include "clients/bench/case_report.h"

namespace tasker::bench {

// How the table is measured.
struct TableOptions {
  BedOptions bed;
  int runs = 3;
  std::chrono::milliseconds window{8000};
  std::chrono::milliseconds warmup{2000};
  // Files of recorded workflows; none: that row is not measured.
  std::vector<std::string> instances;
  // Proves that every workload works, in a fraction of a second each, with small numbers: its
  // figures are worth nothing, and nothing is compared with a target.
  bool short_form = false;
  // Whether the TypeScript handler is measured; it has to be built.
  bool typescript = true;
  // Whether to look at the threads of the service, for the chain.
  bool ledger = false;
};

// One line of it.
struct TargetRow {
  std::string what;
  // What Restate does at its best, and what Tasker is to do.
  std::string peer;
  std::string goal;
  std::string measured;
  // Unset: not measured, or nothing to compare with.
  std::optional<bool> met;
};

// The whole table.
struct TargetTable {
  std::vector<TargetRow> rows;
  // Everything that was measured for it, as ToJson(CaseResult) and ToJson(Comparison).
  nlohmann::ordered_json cases;
  std::string machine;

  // Rows with an error, such as a service that ended.
  int failures = 0;
};

// Measures all of it. What cannot be measured is a row that says why; CANCELLED alone ends it
// early.
absl::StatusOr<TargetTable> MeasureTable(const TableOptions& options, Interrupt& interrupt,
                                         const std::function<void(const std::string&)>& progress);

// `machine`, `rows` and `cases`.
nlohmann::ordered_json ToJson(const TargetTable& table);

// A table in Markdown.
std::string ToMarkdown(const TargetTable& table);

}  // namespace tasker::bench
