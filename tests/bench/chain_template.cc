#include "tests/bench/chain_template.h"

#include "absl/strings/str_format.h"

namespace tasker::bench {

std::string ChainTemplate(std::uint32_t steps) {
  std::string yaml = absl::StrFormat(
      "name: %s\nmodule_namespace: Bench\ntask_handler_class: Bench\nstep_templates:\n",
      kTemplateName);
  for (std::uint32_t step = 1; step <= steps; ++step) {
    absl::StrAppendFormat(&yaml, "  - name: step_%d\n    handler_class: %s\n", step, kHandlerClass);
    if (step > 1) absl::StrAppendFormat(&yaml, "    depends_on_step: step_%d\n", step - 1);
  }
  return yaml;
}

}  // namespace tasker::bench
