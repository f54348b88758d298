// The workflow that is run: steps that each depend on the one before.
#pragma once

#include <cstdint>
#include <string>

namespace tasker::bench {

inline constexpr char kTemplateName[] = "bench_chain";
inline constexpr char kHandlerClass[] = "Bench::StepHandler::PassHandler";

// The template's YAML. Precondition: steps > 0.
std::string ChainTemplate(std::uint32_t steps);

}  // namespace tasker::bench
