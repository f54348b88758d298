// What skeletons are filled in with.
//
// Skeletons are in the Mustache language: `{{name}}` is a value, `{{#name}}...{{/name}}` is
// repeated for each of a list, or stands only where a flag is true, `{{^name}}...{{/name}}` where
// it is not. See fill.h.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "clients/cli/generate/plan.h"

namespace tasker::cli::generate {

struct Values {
  // An object of texts, flags, and lists of such objects.
  nlohmann::json fields = nlohmann::json::object();
  // Lines that open Ruby's modules, outermost first: `module Shop`.
  std::vector<std::string> modules;
};

// Of every file: `project`, `spec_helper` (what Ruby's specs begin with). Of all of a task:
// `task_class`, `task_full`, `task_joined` (`ShopOrderProcess`), `task_name`, `task_name_yaml`,
// `namespace_name` (as YAML), `default_namespace`, `module_namespace`,
// `task_slashes` (`shop/order_process`), `task_dots`, `task_colons`, `task_under`, `task_kebab`,
// `task_flat` (`shop/orderprocess`), `task_package` (`orderprocess`), `task_up` (a `../` for each
// of its folders), `is_task`, `has_steps`.
Values ValuesOf(const TaskRequest& request, const Setting& setting);

// Those of its task, and `step_name`, `step_name_yaml`, `step_class`, `step_full`, `step_file`
// (`process_data_handler`), `step_kebab`, `api`, `has_dependencies`, `one_dependency`,
// `first_dependency`, `depends_on` (each `name`, `yaml`, and `last`).
Values ValuesOf(const StepRequest& request, const Setting& setting);

// `subscriber_class`, `subscriber_file`, `subscriber_kebab`, `events` (each `name`, `snake`,
// `camel`, `last`, `is_task`, `is_step`, `pattern`, `overrides`: whether the C++ library has a
// method of its name), `named` (those that are no patterns),
// `has_patterns`, `first_name`, `has_sample`, `sample` (an event that a pattern alone stands for).
Values ValuesOf(const SubscriberRequest& request, const Setting& setting);

}  // namespace tasker::cli::generate
