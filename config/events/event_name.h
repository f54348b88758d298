// What names of events look like, and whose they are.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace tasker::config {

inline constexpr std::size_t kEventNameBytesMax = 128;

// Every category, in the order of the documentation.
inline constexpr std::array<std::string_view, 6> kEventCategories = {
    "task", "step", "workflow", "observability", "registry", "custom"};

// Words of lower-case letters, digits and `_`, each beginning with a letter, two or more, with dots
// between them: `order.paid`.
bool IsDottedEventName(std::string_view name);

// Lower-case letters, digits, `_`, `.` and `*`, which stands for any characters; at least one.
bool IsEventPattern(std::string_view pattern);

// One of kEventCategories: what comes before the name's first dot; `registry` for `handler.*` and
// `subscriber.*`. Everything that is not the service's own is `custom`.
std::string_view EventCategoryOf(std::string_view name);

// Under which name an event is published that a template declares as `name`: as it is, or, if it is
// a single word (as in templates of the Rails engine), behind `custom.`. Empty: under none.
std::string PublishableEventName(std::string_view name);

}  // namespace tasker::config
