// Short texts and keys that come from outside or from the disk.
#include "engine/model/attempt_token.h"
#include "service/events/event_cursor.h"
#include "service/tasks/task_history.h"
#include "service/tasks/task_reader.h"
#include "storage/keys.h"
#include "storage/memory_store.h"
#include "tests/fuzz/require.h"
#include "tests/fuzz/targets.h"

namespace tasker::fuzz {
namespace {

void Keys(std::string_view bytes) {
  using namespace storage;
  if (const auto task = TaskIdIn(bytes)) {
    Require(task->size() == kTaskIdSize);
    (void)SlotOf(*task);
  }
  (void)HistoryPlaceIn(bytes);
  (void)KeyAfter(bytes);
  if (const auto step = StepIn(bytes)) {
    const std::string task(*TaskIdIn(bytes));
    Require(StepIn(StepKey(task, *step)) == step);
  }
  if (const auto sequence = EventSequenceIn(bytes)) {
    Require(EventSequenceIn(EventKey(PartitionId{0}, *sequence)) == sequence);
  }
  if (const auto place = FinishedPlaceIn(bytes)) Require(place->task_id.size() == kTaskIdSize);
  if (const auto task = CreatedTaskIdIn(bytes)) Require(task->size() == kTaskIdSize);
  if (const auto name = TemplateNameIn(bytes)) {
    const std::string again = TemplateKey(name->namespace_name, name->name, name->version);
    const auto read = TemplateNameIn(again);
    Require(read && read->namespace_name == name->namespace_name && read->name == name->name &&
            read->version == name->version);
  }
}

void Pages(std::string_view bytes) {
  static auto* const store = new storage::MemoryStore;
  const auto none = [](const engine::TemplateId&) -> engine::TaskTemplatePtr { return nullptr; };
  const service::TaskReader reader(store, storage::PartitionId{0}, none);
  v1::ListTasksRequest list;
  list.set_page_token(std::string(bytes));
  (void)reader.List(list);
  v1::GetTaskHistoryRequest history;
  history.set_page_token(std::string(bytes));
  (void)reader.History(engine::TaskId(), history);
}

}  // namespace

void FuzzNames(std::string_view bytes) {
  Keys(bytes);
  if (const auto token = engine::AttemptToken::Decode(bytes)) Require(token->Encode() == bytes);
  if (const auto cursor = service::EventCursor::Parse(bytes)) {
    Require(service::EventCursor::Parse(cursor->ToString()) == cursor);
  }
  if (const auto id = engine::TaskId::Parse(bytes)) {
    Require(engine::TaskId::Parse(id->ToString()) == id);
  }
  Pages(bytes);
}

}  // namespace tasker::fuzz
