#include "clients/cli/event_filter_options.h"

namespace tasker::cli {

void EventFilterOptions::AddTo(CLI::App& command) {
  command.add_option("--name", names_, "Only events of this name; * stands for any characters")
      ->type_name("PATTERN")
      ->allow_extra_args(false);
  command.add_option("--task", task_ids_, "Only events of the task with this ID")
      ->type_name("ID")
      ->allow_extra_args(false);
  command.add_option("--namespace", namespace_, "Only tasks of this namespace");
  command.add_option("--task-name", task_name_, "Only tasks of templates of this name");
  command.add_option("--category", categories_, "Only events of this category")
      ->allow_extra_args(false);
  command.add_option("--priority", priorities_, "Only tasks as urgent as this, 0 to 9")
      ->type_name("N")
      ->allow_extra_args(false);
  command.add_option("--tag", tags_, "Only tasks that have this label; all that are named")
      ->allow_extra_args(false);
  command
      .add_option("--where", where_,
                  "Only events for which this holds: payload.execution_duration > 5")
      ->type_name("EXPRESSION");
}

v1::EventFilter EventFilterOptions::Filter() const {
  v1::EventFilter filter;
  filter.mutable_names()->Assign(names_.begin(), names_.end());
  filter.mutable_task_ids()->Assign(task_ids_.begin(), task_ids_.end());
  filter.mutable_categories()->Assign(categories_.begin(), categories_.end());
  filter.mutable_tags()->Assign(tags_.begin(), tags_.end());
  filter.mutable_priorities()->Assign(priorities_.begin(), priorities_.end());
  filter.set_namespace_(namespace_);
  filter.set_task_name(task_name_);
  filter.set_where(where_);
  return filter;
}

}  // namespace tasker::cli
