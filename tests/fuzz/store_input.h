// How bytes of the fuzzer tell of a store's rows and of what is done with them.
//
// An input is a row of pieces: a kind (1 byte), a length (2 bytes, the lower one first), and as
// many bytes as that says, or as there are. So any bytes are an input, and a change of one piece
// leaves the others what they are.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/model/ids.h"
#include "engine/model/task_template.h"

namespace tasker::fuzz {

enum class PieceKind : std::uint8_t {
  // Rows of the one task, by their tables; a step's begins with its index (2 bytes).
  kTask,
  kContext,
  kStep,
  kHistory,
  // Rows of the partition.
  kEvents,
  kPauses,
  kFloors,
  kFinished,
  kTemplate,
  // Any row: its table (1 byte), how long its key is (1 byte), the key, the value.
  kRow,
  // What is done to the task then. `kComplete` and `kFail` end the oldest attempt that is handed
  // out.
  kConnect,
  kComplete,
  kFail,
  // By so many seconds (4 bytes).
  kAdvance,
  kCancel,
  kPause,
  kResume,
  kSignal,
  // The action (1 byte), the step's name.
  kRepairStep,
  kRepairTask,
  kExplain,
  kEnd,
};

struct Piece {
  PieceKind kind;
  std::string_view bytes;
};

// Pieces of an unknown kind are left out.
std::vector<Piece> PiecesOf(std::string_view input);

// Appends a piece to an input.
void Add(PieceKind kind, std::string_view bytes, std::string& input);

// The task that the rows are of.
engine::TaskId TheTask();

// Templates for everything that a step can be; tasks of no others are read.
const std::vector<engine::TaskTemplatePtr>& Templates();

}  // namespace tasker::fuzz
