#include "clients/cli/graph/palette.h"

#include <array>
#include <cstddef>

namespace tasker::cli {
namespace {

// By NodeKind, then by StepState from PENDING on.
constexpr std::array<Paint, 15> kPaints = {{
    {"handler", "#ffffff", "#475569"},
    {"decision", "#fef3c7", "#b45309"},
    {"subtask", "#ede9fe", "#7c3aed"},
    {"wait", "#e0f2fe", "#0284c7"},
    {"undo", "#fff1f2", "#e11d48", "6 3"},
    {"failure", "#fff1f2", "#e11d48"},
    {"pending", "#f4f4f5", "#71717a"},
    {"enqueued", "#e0e7ff", "#4f46e5"},
    {"running", "#bfdbfe", "#1d4ed8"},
    {"retry", "#fde68a", "#b45309"},
    {"complete", "#bbf7d0", "#15803d"},
    {"error", "#fecaca", "#b91c1c"},
    {"cancelled", "#d4d4d8", "#52525b"},
    {"skipped", "#ffffff", "#71717a", "3 3"},
    {"resolved", "#99f6e4", "#0f766e"},
}};
constexpr std::size_t kKinds = 6;

}  // namespace

const Paint& PaintOf(v1::StepState state, NodeKind kind) {
  if (state == v1::STEP_STATE_UNSPECIFIED) return kPaints.at(static_cast<std::size_t>(kind));
  const std::size_t place = kKinds + static_cast<std::size_t>(state) - 1;
  // A state of a newer service.
  return place < kPaints.size() ? kPaints.at(place) : kPaints.at(kKinds);
}

std::span<const Paint> Paints() { return kPaints; }

}  // namespace tasker::cli
