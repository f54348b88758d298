// Writes what the fuzzer begins with into the folder named: inputs that a store, a handler or a
// client really has. `make_corpus tests/fuzz/corpus`
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>

#include <nlohmann/json.hpp>

#include "service/events/event_cursor.h"
#include "service/transfer/record_json.h"
#include "storage/keys.h"
#include "tests/engine/engine_world.h"
#include "tests/fuzz/store_input.h"
#include "tests/fuzz/targets.h"

namespace tasker::fuzz {
namespace {

using namespace std::chrono_literals;

constexpr char kContext[] =
    R"({"amount": 500, "items": [1, {"b": 2}, "c"], "at": "2020-01-01T00:00:00Z"})";

void Write(const std::filesystem::path& file, std::string_view bytes) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << bytes;
}

// Drives a task of `made` for some steps of a test, however they end.
void Live(engine::EngineWorld& world, const engine::TaskTemplatePtr& made, int way) {
  world.Connect(1, 3);
  (void)world.Apply(engine::CreateTask{
      TheTask(), made, engine::MakePayload(kContext), {.initiator = "ann", .tags = {"x"}}});
  for (int i = 0; i < way; ++i) {
    for (const engine::Assignment& each : world.TakeAssignments()) {
      if ((i + way) % 3 == 2) {
        world.Fail(each);
      } else {
        world.Complete(each, i == 0 ? R"({"create_steps": ["slow"]})" : R"({"ok": true})");
      }
    }
    world.Advance(i % 2 == 0 ? 2s : 3700s);
    world.Connect(1, 3);
  }
}

std::string InputOf(const engine::EngineWorld& world) {
  const engine::StoredRows& rows = world.rows();
  std::string input;
  Add(PieceKind::kTask, rows.tasks.at(TheTask()).SerializeAsString(), input);
  Add(PieceKind::kContext, rows.contexts.at(TheTask()), input);
  for (const auto& [place, record] : rows.steps) {
    const auto index = Raw(place.second);
    const std::string key = {static_cast<char>(index % 256), static_cast<char>(index / 256)};
    Add(PieceKind::kStep, key + record.SerializeAsString(), input);
  }
  for (const auto& [task, transitions] : rows.history) {
    storage::v1::HistoryRecord history;
    for (const auto& each : transitions) *history.add_transitions() = each;
    Add(PieceKind::kHistory, history.SerializeAsString(), input);
  }
  storage::v1::EventBatchRecord events;
  for (const auto& each : world.events()) *events.add_events() = each;
  Add(PieceKind::kEvents, events.SerializeAsString(), input);
  return input;
}

// What is then done to the task.
const std::map<std::string, std::vector<std::pair<PieceKind, std::string>>>& Acts() {
  static const auto* const acts =
      new std::map<std::string, std::vector<std::pair<PieceKind, std::string>>>{
          {"works",
           {{PieceKind::kConnect, ""},
            {PieceKind::kComplete, "{}"},
            {PieceKind::kExplain, ""},
            {PieceKind::kComplete, R"({"create_steps": ["fast"]})"},
            {PieceKind::kFail, ""},
            {PieceKind::kAdvance, std::string("\0\0\x20\0", 4)},
            {PieceKind::kConnect, ""},
            {PieceKind::kComplete, "[1]"},
            {PieceKind::kFail, "x"}}},
          {"operated",
           {{PieceKind::kPause, "why"},
            {PieceKind::kExplain, ""},
            {PieceKind::kResume, ""},
            {PieceKind::kSignal, R"({"by": "ann"})"},
            {PieceKind::kConnect, ""},
            {PieceKind::kRepairStep, std::string("\0", 1) + "charge"},
            {PieceKind::kRepairStep,
             "\x02"
             "each[1]"},
            {PieceKind::kRepairTask,
             "\x01"
             "decide"},
            {PieceKind::kCancel, "enough"},
            {PieceKind::kRepairTask, std::string("\0", 1)}}}};
  return *acts;
}

void Stores(const std::filesystem::path& folder) {
  for (const engine::TaskTemplatePtr& made : Templates()) {
    for (const int way : {0, 2, 5}) {
      for (const auto& [name, acts] : Acts()) {
        engine::EngineWorld world;
        Live(world, made, way);
        std::string input = InputOf(world);
        for (const auto& [kind, bytes] : acts) Add(kind, bytes, input);
        Write(folder / (made->id.name + "-" + std::to_string(way) + "-" + name), input);
      }
    }
  }
  std::string others;
  storage::v1::PausesRecord pauses;
  pauses.add_pauses()->set_namespace_("default");
  Add(PieceKind::kPauses, pauses.SerializeAsString(), others);
  storage::v1::TemplateRecord stored;
  stored.set_source(
      "name: stored\nnamespace_name: ns\nstep_templates:\n  - {name: a, handler_class: H}\n");
  Add(PieceKind::kTemplate, stored.SerializeAsString(), others);
  Add(PieceKind::kRow,
      std::string("\x05\x03"
                  "abcdef"),
      others);
  Add(PieceKind::kFloors, "", others);
  Add(PieceKind::kFinished, "", others);
  Write(folder / "others", others);
}

void Names(const std::filesystem::path& folder) {
  const std::string task(TheTask().bytes());
  const engine::AttemptToken token{TheTask(), engine::StepIndex{3}, engine::AttemptNumber{2}, 77};
  const storage::PartitionId partition{0};
  const storage::Sequence sequence{300};
  const std::map<std::string, std::string> names = {
      {"token", token.Encode()},
      {"cursor", service::EventCursor{partition, sequence, 7}.ToString()},
      {"cursor-whole", service::EventCursor{partition, sequence}.ToString()},
      {"id", TheTask().ToString()},
      {"key-task", storage::TaskKey(task)},
      {"key-step", storage::StepKey(task, 3)},
      {"key-history", storage::HistoryKey(task, sequence, 1)},
      {"key-event", storage::EventKey(partition, sequence)},
      {"key-created", storage::CreatedKey(partition, 9, task)},
      {"key-finished", storage::FinishedKey(partition, 9, task)},
      {"key-template", storage::TemplateKey("ns", "t", "1.0.0")},
      {"page-tasks", "AAAAAAAAAAAAAAkAAAAAAAAAAAAAAAAAAAAA"},
      {"page-history", "AAAAAAAAASwAAAAB"}};
  for (const auto& [name, bytes] : names) Write(folder / name, bytes);
}

void Jsons(const std::filesystem::path& folder) {
  engine::EngineWorld world;
  Live(world, Templates().back(), 3);
  const auto& rows = world.rows();
  Write(folder / "task", service::ToJson(rows.tasks.at(TheTask())).dump());
  Write(folder / "step", service::ToJson(rows.steps.begin()->second).dump());
  Write(folder / "event", service::ToJson(world.events().back()).dump());
  storage::v1::HistoryRecord history;
  *history.add_transitions() = rows.history.at(TheTask()).back();
  Write(folder / "history", service::ToJson(history).dump());
}

}  // namespace
}  // namespace tasker::fuzz

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: make_corpus FOLDER\n";
    return 2;
  }
  const std::filesystem::path folder = argv[1];
  tasker::fuzz::Stores(folder / "store");
  tasker::fuzz::Names(folder / "names");
  tasker::fuzz::Jsons(folder / "json");
  return 0;
}
