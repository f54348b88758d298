// The names that exported lines go by; docs/export.md describes them.
#pragma once

namespace tasker::service {

// Raised with any change that an older service could not import.
inline constexpr int kExportFormat = 1;

// The one field of each line: of the first, and of a template's, a task's and an event's.
inline constexpr char kFormatField[] = "tasker_export";
inline constexpr char kTemplateField[] = "template";
inline constexpr char kTaskField[] = "task";
inline constexpr char kEventField[] = "event";

}  // namespace tasker::service
