// Where committed effects go: handlers' streams, the event hub and new tasks.
#pragma once

#include "service/events/event_hub.h"
#include "service/events/subscriptions/event_counts.h"
#include "service/handlers/handler_sessions.h"
#include "service/pipeline/committed.h"
#include "service/tasks/sub_task_starter.h"
#include "storage/store.h"

namespace tasker::service {

// All pointers must outlive it. Called by one thread at a time.
class EffectRelease final : public EffectSink {
 public:
  EffectRelease(storage::Store* store, HandlerSessions* sessions, EventHub* hub,
                EventCounts* counts, const SubTaskStarter* sub_tasks)
      : store_(*store),
        sessions_(*sessions),
        hub_(*hub),
        counts_(*counts),
        sub_tasks_(*sub_tasks) {}

  void Release(Committed committed) override;

 private:
  storage::Store& store_;
  HandlerSessions& sessions_;
  EventHub& hub_;
  EventCounts& counts_;
  const SubTaskStarter& sub_tasks_;
};

}  // namespace tasker::service
