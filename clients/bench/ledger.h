// Where a service's time goes: by the names of its threads.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "nlohmann/json.hpp"

#include "clients/bench/process_usage.h"

namespace tasker::bench {

// What threads of that name do in `taskerd`; for others, `?`.
std::string_view DutyOf(std::string_view thread_name);

// An array, the largest first: `thread`, `does`, `threads`, `cpu_us_per_step`, `share`,
// `waited_for_core_us_per_step`, `waits_per_step` (times that it gave up its core because it had
// nothing to do), `forced_switches_per_step`. Without steps, the figures are null.
nlohmann::ordered_json LedgerJson(std::vector<ThreadUsage> threads, double steps);

// The same for people.
std::string LedgerTable(std::vector<ThreadUsage> threads, double steps);

}  // namespace tasker::bench
