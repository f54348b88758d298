// What is drawn: steps and what depends on what, whatever it is drawn as.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tasker/v1/task.pb.h"

namespace tasker::cli {

// What is to be told apart at a glance.
enum class NodeKind : std::uint8_t { kHandler, kDecision, kSubTask, kWait, kUndo, kOnFailure };

// A step. Text is as its author wrote it; every format escapes it in its own way.
struct PictureNode {
  std::string name;
  NodeKind kind = NodeKind::kHandler;
  // Whether it is done once for each of some items.
  bool many = false;
  // What else is to be said of it, a line each: `for each context.images`.
  std::vector<std::string> notes = {};
  // UNSPECIFIED in a template's picture.
  v1::StepState state = v1::STEP_STATE_UNSPECIFIED;
  // Beside the state: `2/3 attempts, 1.5s`.
  std::string state_note = "";
  bool critical = false;
};

enum class EdgeKind : std::uint8_t {
  // `to` depends on `from`.
  kDependency,
  // The same, and `from` is a decision that may leave out `to`.
  kChoice,
  // `to` undoes `from` after a failure.
  kUndo,
};

struct PictureEdge {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  EdgeKind kind = EdgeKind::kDependency;
  // Part of the critical path.
  bool critical = false;
};

// A graph without cycles, in which no edge stands twice, sorted by `from` and `to`.
struct Picture {
  // `default.order_process@0.1.0`; may be empty.
  std::string title;
  // Of a task: its id and state; may be empty.
  std::string subtitle;
  std::vector<PictureNode> nodes;
  std::vector<PictureEdge> edges;

  bool has_states() const {
    return !nodes.empty() && nodes.front().state != v1::STEP_STATE_UNSPECIFIED;
  }
};

}  // namespace tasker::cli
