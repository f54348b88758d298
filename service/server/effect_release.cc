#include "service/server/effect_release.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "service/handlers/handler_stream.h"
#include "service/handlers/late_results.h"
#include "service/pipeline/position.h"

namespace tasker::service {
namespace {

// The streams that one release touches, each looked up and flushed once.
class TouchedStreams {
 public:
  explicit TouchedStreams(const HandlerSessions& sessions) : sessions_(sessions) {}
  ~TouchedStreams() {
    for (const auto& [session, stream] : streams_) {
      if (stream != nullptr) stream->Flush();
    }
  }
  TouchedStreams(const TouchedStreams&) = delete;
  TouchedStreams& operator=(const TouchedStreams&) = delete;

  // Null if the session has ended; its handler will learn what it needs when it connects again.
  HandlerStream* Of(engine::SessionId session) {
    const auto found = std::ranges::find(streams_, session, &Entry::first);
    if (found != streams_.end()) return found->second.get();
    return streams_.emplace_back(session, sessions_.Find(session)).second.get();
  }

 private:
  using Entry = std::pair<engine::SessionId, std::shared_ptr<HandlerStream>>;

  const HandlerSessions& sessions_;
  std::vector<Entry> streams_;
};

}  // namespace

void EffectRelease::Release(Committed committed) {
  const engine::Effects& effects = committed.effects;
  v1::Position position;
  SetPosition(committed.partition, committed.sequence, position);
  {
    TouchedStreams streams(sessions_);
    for (const engine::Registration& registration : effects.registrations) {
      if (HandlerStream* stream = streams.Of(registration.session)) stream->Add(registration);
    }
    for (const engine::Acknowledgement& acknowledgement : effects.acknowledgements) {
      HandlerStream* stream = streams.Of(acknowledgement.session);
      if (stream == nullptr) continue;
      const engine::ResultOutcome outcome =
          acknowledgement.outcome == engine::ResultOutcome::kNotOpen
              ? OutcomeInStore(store_, acknowledgement.token)
              : acknowledgement.outcome;
      stream->AddAcknowledgement(acknowledgement.token.Encode(), outcome, position);
    }
    for (const engine::Assignment& assignment : effects.assignments) {
      if (HandlerStream* stream = streams.Of(assignment.session)) stream->Add(assignment);
    }
    for (const engine::SessionId session : effects.drained) {
      if (HandlerStream* stream = streams.Of(session)) stream->AddDrain("as the handler asked");
    }
    for (const engine::Cancellation& cancellation : effects.cancellations) {
      if (HandlerStream* stream = streams.Of(cancellation.session)) stream->Add(cancellation);
    }
  }
  for (const engine::SubTaskRequest& request : effects.sub_tasks) sub_tasks_.Start(request);
  if (committed.events != nullptr) {
    counts_.Add(committed.sequence, static_cast<std::uint64_t>(committed.events->events_size()));
    hub_.Publish(committed.sequence, std::move(committed.events));
  }
}

}  // namespace tasker::service
