// A template's `default_context` below a task's own context.
#pragma once

#include <string>
#include <string_view>

namespace tasker::config {

// `context` with what it does not say taken from `defaults`: keys that both have keep the context's
// value, but where both values are objects, which are laid over each other likewise. What the
// context says keeps its bytes. Both are valid JSON objects; empty `defaults` change nothing.
// Thread-safe; never throws.
std::string WithDefaults(std::string_view context, std::string_view defaults);

// `context` without what `defaults` say of it: laying them below it again gives the same values.
// Likewise otherwise.
std::string WithoutDefaults(std::string_view context, std::string_view defaults);

}  // namespace tasker::config
