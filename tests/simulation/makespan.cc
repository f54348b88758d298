#include "tests/simulation/makespan.h"

#include <map>
#include <utility>

#include "engine/model/invariant.h"

namespace tasker::simulation {

using engine::Invariant;
using engine::Timestamp;

engine::Duration MakespanOf(const engine::TaskTemplatePtr& task_template,
                            const std::vector<engine::Duration>& durations, std::uint32_t slots) {
  const Timestamp start(std::chrono::hours(1));
  engine::PartitionSettings settings;
  settings.lease = std::chrono::hours(1'000'000);
  engine::Partition partition(settings, 1);
  // What ends when.
  std::multimap<Timestamp, engine::AttemptToken> running;
  const auto apply = [&](engine::Command command, Timestamp now) {
    engine::Effects effects;
    Invariant(partition.Apply(std::move(command), now, effects).ok());
    for (const engine::Assignment& assignment : effects.assignments) {
      running.emplace(now + durations[Raw(assignment.template_step)], assignment.token);
    }
  };
  const engine::SessionId session{1};
  engine::RegisterHandler handler{session, "sleeper", "sleeper", slots, {}, {}};
  for (const engine::StepTemplate& step : task_template->steps) {
    if (handler.classes.empty() || handler.classes.back().handler_class != step.handler_class) {
      handler.classes.push_back({step.handler_class, "", "", 0});
    }
  }
  apply(std::move(handler), start);
  const engine::TaskId task = *engine::TaskId::FromBytes("0123456789abcdef");
  apply(engine::CreateTask{task, task_template, engine::MakePayload("{}"), {}}, start);
  Timestamp now = start;
  while (!running.empty()) {
    const auto first = running.begin();
    now = first->first;
    const engine::AttemptToken token = first->second;
    running.erase(first);
    apply(engine::CompleteAttempt{session, token, engine::MakePayload("{}")}, now);
  }
  Invariant(partition.open_tasks() == 0);
  return now - start;
}

}  // namespace tasker::simulation
