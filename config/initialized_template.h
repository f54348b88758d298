// A template whose tasks a task handler initialises.
#pragma once

#include <memory>

#include "engine/model/task_template.h"

namespace tasker::config {

// What the step that initialises is called; no step of a template can have such a name.
inline constexpr char kInitializeStep[] = "@initialize";

// `plain` with one step more, the last, which `plain.task_handler_class` does and which comes
// before every other: see engine::StepTemplate::initializes. All else keeps its place. `rules`
// decide what it may give.
engine::TaskTemplatePtr WithInitializer(const engine::TaskTemplate& plain,
                                        std::shared_ptr<const engine::ContextRules> rules);

}  // namespace tasker::config
