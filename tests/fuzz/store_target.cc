// A store whose rows may be anything, as after a damage that no checksum found.
#include <algorithm>
#include <chrono>
#include <deque>
#include <optional>
#include <string>

#include "engine/partition.h"
#include "service/events/event_filter.h"
#include "service/events/event_log.h"
#include "service/events/event_view.h"
#include "service/pipeline/record_batch.h"
#include "service/pipeline/recovery.h"
#include "service/tasks/task_reader.h"
#include "service/templates/template_registry.h"
#include "service/transfer/exporter.h"
#include "storage/keys.h"
#include "storage/memory_store.h"
#include "tests/fuzz/require.h"
#include "tests/fuzz/store_input.h"
#include "tests/fuzz/targets.h"

namespace tasker::fuzz {
namespace {

using storage::Table;

constexpr storage::PartitionId kPartition{0};
// When the engine begins; the rows may tell of any time.
constexpr engine::Timestamp kBegin{std::chrono::hours(24 * 365 * 50)};

std::uint8_t First(std::string_view bytes) {
  return bytes.empty() ? 0 : static_cast<std::uint8_t>(bytes[0]);
}
std::string_view Rest(std::string_view bytes) { return bytes.substr(bytes.empty() ? 0 : 1); }

engine::TaskTemplatePtr FindTemplate(const engine::TemplateId& id) {
  const auto found = std::ranges::find(Templates(), id, &engine::TaskTemplate::id);
  return found == Templates().end() ? nullptr : *found;
}

void PutAny(std::string_view bytes, storage::Batch& batch) {
  const auto table = static_cast<Table>(First(bytes) % storage::kTableCount);
  bytes = Rest(bytes);
  const std::size_t length = First(bytes);
  bytes = Rest(bytes);
  batch.Put(table, bytes.substr(0, length), bytes.substr(std::min(length, bytes.size())));
}

// False: the piece is no row.
bool Put(const Piece& piece, storage::Sequence row, storage::Batch& batch) {
  const std::string task(TheTask().bytes());
  switch (piece.kind) {
    case PieceKind::kTask:
      batch.Put(Table::kTasks, storage::TaskKey(task), piece.bytes);
      batch.Put(Table::kOpen, storage::TaskKey(task), "");
      batch.Put(Table::kCreated, storage::CreatedKey(kPartition, 1, task), "");
      return true;
    case PieceKind::kContext:
      batch.Put(Table::kContexts, storage::TaskKey(task), piece.bytes);
      return true;
    case PieceKind::kStep: {
      const std::uint32_t step = First(piece.bytes) + 256u * First(Rest(piece.bytes));
      batch.Put(Table::kSteps, storage::StepKey(task, step), Rest(Rest(piece.bytes)));
      return true;
    }
    case PieceKind::kHistory:
      batch.Put(Table::kHistory, storage::HistoryKey(task, row, 0), piece.bytes);
      return true;
    case PieceKind::kEvents:
      batch.Put(Table::kEvents, storage::EventKey(kPartition, row), piece.bytes);
      return true;
    case PieceKind::kPauses:
      batch.Put(Table::kPartitions, storage::PausesKey(kPartition), piece.bytes);
      return true;
    case PieceKind::kFloors:
      batch.Put(Table::kPartitions, storage::EventFloorsKey(kPartition), piece.bytes);
      return true;
    case PieceKind::kFinished:
      batch.Put(Table::kFinished, storage::FinishedKey(kPartition, 1, task), piece.bytes);
      return true;
    case PieceKind::kTemplate:
      batch.Put(Table::kTemplates, storage::TemplateKey("ns", "stored", "1.0.0"), piece.bytes);
      return true;
    case PieceKind::kRow:
      PutAny(piece.bytes, batch);
      return true;
    default:
      return false;
  }
}

// Everything that reads rows but the engine.
void ReadAll(storage::MemoryStore& store) {
  const service::TaskReader reader(&store, kPartition, FindTemplate);
  (void)reader.Read(TheTask());
  v1::ListTasksRequest list;
  (void)reader.List(list);
  list.set_name("chain");
  (void)reader.List(list);
  (void)reader.History(TheTask(), {});
  service::EventLog log(&store, kPartition, storage::Sequence{1'000'000});
  if (auto floors = service::ReadEventFloors(store, kPartition); floors.ok()) {
    log.SetFloors(*std::move(floors));
    (void)log.PastRetention({});
  }
  (void)log.Read({kPartition, storage::Sequence{}},
                 [](storage::Sequence sequence, const auto& batch) {
                   for (const storage::v1::EventRecord& event : batch->events()) {
                     const service::EventCursor place{kPartition, sequence, 0};
                     (void)service::EventFilter().Matches(event, place);
                     (void)service::ViewOf(event, place);
                   }
                   return true;
                 });
  service::Exporter exporter({}, &store, kPartition);
  for (auto lines = exporter.Next(); lines.ok() && !lines->empty(); lines = exporter.Next()) {
  }
  std::vector<std::string> problems;
  (void)service::TemplateRegistry::Open(
      &store, "production", [](std::string_view) { return std::nullopt; }, problems);
}

// A partition that has taken up the task.
class World {
 public:
  explicit World(storage::MemoryStore* store) : store_(*store) {
    if (const auto pauses = service::ReadPauses(store_, kPartition); pauses.ok()) {
      partition_.Restore(*pauses);
    }
    (void)service::ReadOpenTasks(
        store_, 0, storage::kSlotCount, FindTemplate,
        [&](engine::StoredTask stored) {
          const engine::TaskId id = stored.id;
          const absl::Status restored = partition_.Restore(std::move(stored), now_);
          // What cannot be read is told as such, whatever is wrong with it.
          Require(restored.ok() || absl::IsDataLoss(restored));
          for (const engine::TaskId& asleep : partition_.Settle()) Require(asleep == id);
          return restored;
        },
        [](const engine::TaskId&, const absl::Status&) {});
  }

  void Act(const Piece& piece) {
    const engine::TaskId task = TheTask();
    const std::string text(piece.bytes);
    switch (piece.kind) {
      case PieceKind::kConnect:
        Apply(engine::RegisterHandler{session_, "h", "i", 3, {{"H", "", "", 0}}, {}});
        break;
      case PieceKind::kComplete:
        if (handed_out_.empty()) break;
        Apply(engine::CompleteAttempt{session_, Take(), engine::MakePayload(text)});
        break;
      case PieceKind::kFail: {
        if (handed_out_.empty()) break;
        v1::Failure failure;
        failure.set_error_class("Boom");
        failure.set_retryable(First(text) % 2 == 0);
        Apply(engine::FailAttempt{session_, Take(), std::move(failure)});
        break;
      }
      case PieceKind::kAdvance: {
        std::uint32_t seconds = 0;
        for (const char byte : text.substr(0, 4)) {
          seconds = seconds * 256 + static_cast<std::uint8_t>(byte);
        }
        now_ += std::chrono::seconds(seconds);
        Apply(engine::FireTimers{});
        break;
      }
      case PieceKind::kCancel:
        Apply(engine::CancelTask{task, "me", text});
        break;
      case PieceKind::kPause:
        Apply(engine::PauseTask{task, "me", text});
        break;
      case PieceKind::kResume:
        Apply(engine::ResumeTask{task, "me", text});
        break;
      case PieceKind::kSignal:
        Apply(engine::SignalTask{task, "go", engine::MakePayload(text), "me"});
        break;
      case PieceKind::kRepairStep:
        Apply(engine::RepairStep{task, std::string(Rest(piece.bytes)),
                                 static_cast<engine::RepairStep::Action>(First(text) % 6),
                                 engine::MakePayload("{}"), "me", "why"});
        break;
      case PieceKind::kRepairTask:
        Apply(engine::RepairTask{task, static_cast<engine::RepairTask::Action>(First(text) % 3),
                                 std::string(Rest(piece.bytes)), "me", "why"});
        break;
      case PieceKind::kExplain:
        (void)partition_.Explain(task, text, now_, 100);
        break;
      default:
        break;
    }
  }

 private:
  engine::AttemptToken Take() {
    const engine::AttemptToken token = handed_out_.front();
    handed_out_.pop_front();
    return token;
  }

  void Apply(engine::Command command) {
    if (const auto wanted = partition_.Wants(command)) Wake(*wanted);
    ApplyOne(std::move(command));
    // A damaged task may be wanted for ever; a sound one is not.
    for (int round = 0; round < 8 && partition_.HasWanted(); ++round) {
      for (const engine::TaskId& wanted : partition_.TakeWanted()) {
        if (partition_.IsAsleep(wanted) && !Wake(wanted)) partition_.Drop(wanted);
      }
      ApplyOne(engine::FireTimers{});
    }
  }

  void ApplyOne(engine::Command command) {
    engine::Effects effects;
    (void)partition_.Apply(std::move(command), now_, effects);
    for (const auto& assignment : effects.assignments) handed_out_.push_back(assignment.token);
    storage::Batch batch;
    std::uint32_t rows = 0;
    for (const engine::RecordWrite& write : effects.records) {
      service::AddRecord(write, kPartition, storage::Next(own_.last_sequence), rows, batch);
    }
    own_.last_sequence = storage::Next(own_.last_sequence);
    (void)store_.Commit(kPartition, own_.epoch, own_.last_sequence, batch);
    partition_.Settle();
  }

  bool Wake(const engine::TaskId& task) {
    auto stored = service::ReadStoredTask(store_, task, FindTemplate);
    return stored.ok() && partition_.Wake(*std::move(stored), now_).ok();
  }

  static engine::PartitionSettings Settings() {
    engine::PartitionSettings settings;
    // Every task sleeps that can, so that it is read again and again.
    settings.task_memory_max = 1;
    return settings;
  }

  const engine::SessionId session_{1};
  storage::MemoryStore& store_;
  storage::Ownership own_ = store_.Acquire(kPartition).value_or(storage::Ownership());
  engine::Timestamp now_ = kBegin;
  engine::Partition partition_{Settings(), 1};
  std::deque<engine::AttemptToken> handed_out_;
};

}  // namespace

void FuzzStore(std::string_view bytes) {
  const std::vector<Piece> pieces = PiecesOf(bytes);
  storage::MemoryStore store;
  const auto own = store.Acquire(kPartition);
  storage::Batch batch;
  storage::Sequence row = storage::Next(own->last_sequence);
  for (const Piece& piece : pieces) {
    if (Put(piece, row, batch)) row = storage::Next(row);
  }
  (void)store.Commit(kPartition, own->epoch, storage::Next(own->last_sequence), batch);
  ReadAll(store);
  World world(&store);
  for (const Piece& piece : pieces) world.Act(piece);
  ReadAll(store);
}

}  // namespace tasker::fuzz
