// Bench handlers in other languages.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tasker::bench {

struct HandlerOptions;

// The languages of `--handler`: `cpp` and those of clients/*/bench/run.
const std::vector<std::string>& HandlerLanguages();

// How to start a handler process as `options` say. `self`: this program. A client's program is
// looked for in the folders above `self` and above the working folder. NOT_FOUND: it is not there.
absl::StatusOr<std::vector<std::string>> HandlerCommand(const HandlerOptions& options,
                                                        const std::string& self,
                                                        const std::string& address);

}  // namespace tasker::bench
