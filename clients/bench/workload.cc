#include "clients/bench/workload.h"

#include <algorithm>
#include <random>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

#include "clients/bench/handler_classes.h"

namespace tasker::bench {
namespace {

std::string Head(const std::string& name) {
  return absl::StrCat("name: ", name,
                      "\nnamespace_name: bench\ntask_handler_class: Bench\nstep_templates:\n");
}

void AddStep(std::string& yaml, const std::string& name, const char* handler_class,
             const std::vector<std::string>& parents) {
  absl::StrAppend(&yaml, "  - name: ", name, "\n    handler_class: ", handler_class, "\n");
  if (!parents.empty()) {
    absl::StrAppend(&yaml, "    depends_on_steps: [", absl::StrJoin(parents, ", "), "]\n");
  }
}

std::string ChainSteps(std::uint32_t steps, const char* handler_class) {
  std::string yaml;
  std::vector<std::string> before;
  for (std::uint32_t i = 1; i <= steps; ++i) {
    const std::string name = absl::StrCat("step_", i);
    AddStep(yaml, name, handler_class, before);
    before = {name};
  }
  return yaml;
}

// Parents of a step of the random graph are not farther away: a schema of steps that is laid out in
// time, as real ones are.
constexpr std::uint32_t kReach = 1000;
constexpr std::uint32_t kParentsMax = 3;

constexpr char kOrderTemplate[] = R"(name: bench_order
namespace_name: bench
task_handler_class: OrderProcess
schema:
  type: object
  required: [order_id, customer_id]
  properties:
    order_id: {type: integer}
    customer_id: {type: integer}
step_templates:
  - name: fetch_order
    handler_class: OrderProcess::StepHandler::FetchOrderHandler
  - name: validate_inventory
    depends_on_step: fetch_order
    handler_class: OrderProcess::StepHandler::ValidateInventoryHandler
  - name: process_payment
    depends_on_step: validate_inventory
    handler_class: OrderProcess::StepHandler::ProcessPaymentHandler
    default_retry_limit: 2
    retry: {base: 10ms, factor: 1, cap: 10ms, jitter: 0}
    handler_config: {payment_processor: bench}
  - name: update_inventory
    depends_on_step: process_payment
    handler_class: OrderProcess::StepHandler::UpdateInventoryHandler
  - name: send_confirmation
    depends_on_step: update_inventory
    handler_class: OrderProcess::StepHandler::SendConfirmationHandler
)";

}  // namespace

Workload ChainWorkload(std::uint32_t steps) {
  Workload made;
  made.name = "chain";
  made.task_name = absl::StrCat("bench_chain_", steps);
  made.yaml = Head(made.task_name) + ChainSteps(steps, kStepClass);
  made.context = R"({"order_id":1})";
  made.steps = steps;
  return made;
}

Workload DiamondWorkload(std::uint32_t width) {
  Workload made;
  made.name = "diamond";
  made.task_name = absl::StrCat("bench_diamond_", width);
  made.yaml = Head(made.task_name);
  AddStep(made.yaml, "first", kStepClass, {});
  std::vector<std::string> middle;
  for (std::uint32_t i = 1; i <= width; ++i) {
    middle.push_back(absl::StrCat("middle_", i));
    AddStep(made.yaml, middle.back(), kStepClass, {"first"});
  }
  AddStep(made.yaml, "last", kStepClass, middle);
  made.context = R"({"order_id":1})";
  made.steps = width + 2;
  made.width = width;
  return made;
}

Workload OrderWorkload() {
  Workload made;
  made.name = "order";
  made.task_name = "bench_order";
  made.yaml = kOrderTemplate;
  made.context = R"({"order_id":1,"customer_id":2})";
  made.steps = 5;
  return made;
}

Workload WaitingWorkload(std::uint32_t steps) {
  Workload made = ChainWorkload(steps);
  made.name = "waiting";
  made.handled = false;
  return made;
}

Workload DagWorkload(std::uint32_t steps) {
  Workload made;
  made.name = "dag";
  made.task_name = absl::StrCat("bench_dag_", steps);
  made.yaml = Head(made.task_name);
  // The same graph in each run.
  std::mt19937 random(steps);
  for (std::uint32_t i = 0; i < steps; ++i) {
    std::vector<std::uint32_t> parents;
    const std::uint32_t wanted =
        i == 0 ? 0 : static_cast<std::uint32_t>(random() % (kParentsMax + 1));
    const std::uint32_t reach = std::min(i, kReach);
    for (std::uint32_t k = 0; k < wanted; ++k) {
      const std::uint32_t parent = i - 1 - static_cast<std::uint32_t>(random() % reach);
      if (std::ranges::find(parents, parent) == parents.end()) parents.push_back(parent);
    }
    std::vector<std::string> names;
    for (const std::uint32_t parent : parents) names.push_back(absl::StrCat("s", parent));
    AddStep(made.yaml, absl::StrCat("s", i), kStepClass, names);
  }
  made.steps = steps;
  // As the service hands out, whatever is ready.
  made.width = steps;
  made.whole_tasks = true;
  return made;
}

Workload PayloadWorkload(std::uint32_t steps, std::uint32_t bytes) {
  Workload made = ChainWorkload(steps);
  made.name = "payload";
  made.task_name = absl::StrCat("bench_payload_", steps, "_", bytes);
  made.yaml = Head(made.task_name) + ChainSteps(steps, kPayloadClass);
  made.context = PayloadOf(bytes);
  return made;
}

}  // namespace tasker::bench
