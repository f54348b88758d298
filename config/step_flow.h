// What a step does beside being handed to a handler, from YAML: conditions, decisions, fan-out,
// sub-tasks, waits and compensation.
#pragma once

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"

#include "config/yaml/yaml_fields.h"
#include "engine/model/task_template.h"

namespace tasker::config {

// Where each step stands, by its name.
using StepPlaces = absl::flat_hash_map<std::string, engine::StepIndex>;

// Whether a step with these fields is done by a handler, and so needs a `handler_class`.
bool IsDoneByHandler(const YamlFields& fields);

// One step whose parents are known, with the fields that it was read from.
struct LinkedStep {
  engine::StepTemplate* step = nullptr;
  engine::StepIndex index{};
  const YamlFields* fields = nullptr;
};

// Reads the flow of all steps of a template. `namespace_name` is the template's own, for sub-tasks
// that name none. The steps' parents must be linked; if they are in cycles, nothing is said of what
// a condition may know of.
void ReadFlow(const std::vector<LinkedStep>& steps, const StepPlaces& places,
              const std::string& namespace_name, YamlReport& report);

}  // namespace tasker::config
