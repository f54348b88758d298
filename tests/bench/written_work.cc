#include "tests/bench/written_work.h"

#include <utility>

#include "service/pipeline/record_batch.h"
#include "storage/keys.h"

namespace tasker::bench {
namespace {

constexpr engine::SessionId kSession{1};
constexpr storage::PartitionId kPartition{0};

}  // namespace

WrittenWork::WrittenWork() {
  Apply(engine::RegisterHandler{kSession, "h", "h", 100'000, {{"H", "", "", 0}}, {}});
}

engine::Effects WrittenWork::Next() {
  if (held_.empty()) {
    Apply(engine::CreateTask{
        engine::BenchTaskId(++number_), template_, engine::MakePayload(R"({"order_id":1})"), {}});
  }
  const engine::AttemptToken token = held_.back();
  held_.pop_back();
  return Apply(engine::CompleteAttempt{kSession, token, results_});
}

engine::Effects WrittenWork::Apply(engine::Command command) {
  engine::Effects effects;
  const engine::Timestamp now(std::chrono::hours(1));
  static_cast<void>(partition_.Apply(std::move(command), now, effects));
  for (const engine::Assignment& each : effects.assignments) held_.push_back(each.token);
  return effects;
}

void BatchMaker::Begin(storage::Sequence sequence) {
  batch_.Clear();
  sequence_ = sequence;
  history_rows_ = 0;
  events_.Clear();
}

void BatchMaker::Add(const engine::Effects& effects) {
  for (const engine::RecordWrite& write : effects.records) {
    service::AddRecord(write, kPartition, sequence_, history_rows_, batch_);
  }
  for (const storage::v1::EventRecord& event : effects.events) *events_.add_events() = event;
}

void BatchMaker::End() {
  batch_.Put(storage::Table::kEvents, storage::EventKey(kPartition, sequence_),
             events_.SerializeAsString());
}

}  // namespace tasker::bench
