// Every key that a template may have. The one list: the loader, the warnings of unknown keys and
// the test of config/template.schema.json work from it. Meanings: docs/templates.md.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tasker::config {

inline const std::vector<std::string> kTemplateKeys = {"name",
                                                       "task_handler_class",
                                                       "step_templates",
                                                       "module_namespace",
                                                       "namespace_name",
                                                       "version",
                                                       "description",
                                                       "concurrent",
                                                       "schema",
                                                       "default_context",
                                                       "named_steps",
                                                       "environments",
                                                       "custom_events",
                                                       "default_dependent_system",
                                                       "strict_variables",
                                                       "priority",
                                                       "deadline",
                                                       "max_running_steps",
                                                       "identity",
                                                       "identity_strategy",
                                                       "retry",
                                                       "timeouts"};

inline const std::vector<std::string> kStepKeys = {"name",
                                                   "description",
                                                   "handler_class",
                                                   "depends_on_step",
                                                   "depends_on_steps",
                                                   "default_retryable",
                                                   "default_retry_limit",
                                                   "skippable",
                                                   "dependent_system",
                                                   "handler_config",
                                                   "custom_events",
                                                   "retry",
                                                   "timeouts",
                                                   "labels",
                                                   "sticky",
                                                   "type",
                                                   "when",
                                                   "branches",
                                                   "for_each",
                                                   "sub_task",
                                                   "wait",
                                                   "wait_until",
                                                   "wait_for_signal",
                                                   "timeout",
                                                   "compensates",
                                                   "on_failure"};

inline const std::vector<std::string> kRetryKeys = {"base",
                                                    "factor",
                                                    "cap",
                                                    "jitter",
                                                    "limit",
                                                    "non_retryable",
                                                    "backoff_seconds",
                                                    "backoff_multiplier",
                                                    "max_backoff_seconds",
                                                    "jitter_enabled",
                                                    "jitter_max_percentage"};

inline const std::vector<std::string> kTimeoutKeys = {"schedule_to_start", "start_to_close",
                                                      "heartbeat"};
inline const std::vector<std::string> kCustomEventKeys = {"name", "description", "schema"};
inline const std::vector<std::string> kForEachKeys = {"items", "concurrency"};
inline const std::vector<std::string> kSubTaskKeys = {"name", "namespace", "version", "context"};
inline const std::vector<std::string> kSignalKeys = {"name", "timeout"};
inline const std::vector<std::string> kStepTypes = {"standard", "api", "decision", "deferred"};

// What keys of other tools and drafts are called here, where their spelling does not tell it.
using KeyHint = std::pair<std::string_view, std::string_view>;

inline constexpr std::array<KeyHint, 8> kTemplateKeyHints = {
    {{"steps", "`step_templates`"},
     {"input_schema", "`schema`"},
     {"context_schema", "`schema`"},
     {"step_overrides", "`step_templates` below the environment"},
     {"timeout", "`deadline`"},
     {"timeout_seconds", "`deadline`"},
     {"max_parallel_steps", "`max_running_steps`"},
     {"task_handler", "`task_handler_class`"}}};

inline constexpr std::array<KeyHint, 16> kStepKeyHints = {
    {{"depends_on", "`depends_on_steps`"},
     {"needs", "`depends_on_steps`"},
     {"dependencies", "`depends_on_steps`"},
     {"retryable", "`default_retryable`"},
     {"retry_limit", "`default_retry_limit`"},
     {"retries", "`default_retry_limit`"},
     {"max_attempts", "`default_retry_limit`"},
     {"retry_backoff", "`retry`"},
     {"backoff", "`retry`"},
     {"timeout_seconds", "`timeouts.start_to_close`"},
     {"heartbeat_timeout", "`timeouts.heartbeat`"},
     {"handler", "`handler_class`"},
     {"callable", "`handler_class`"},
     {"config", "`handler_config`"},
     {"if", "`when`"},
     {"foreach", "`for_each`"}}};

}  // namespace tasker::config
