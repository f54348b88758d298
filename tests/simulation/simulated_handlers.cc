#include "tests/simulation/simulated_handlers.h"

#include <algorithm>

#include "engine/model/error_classes.h"

namespace tasker::simulation {

std::string EventPayload(const engine::AttemptToken& token) {
  return "{\"nonce\":" + std::to_string(token.nonce) + "}";
}

namespace {

constexpr int kHandlers = 4;

std::string DecisionResults(RandomSource& random, const engine::Assignment& assignment) {
  const engine::StepTemplate& step = assignment.task_template->steps[Raw(assignment.template_step)];
  std::string names;
  for (const engine::StepIndex branch : step.branches) {
    if (random.OneIn(2)) continue;
    names +=
        (names.empty() ? "\"" : ", \"") + assignment.task_template->steps[Raw(branch)].name + "\"";
  }
  return "{\"create_steps\": [" + names + "]}";
}

}  // namespace

SimulatedHandlers::SimulatedHandlers(RandomSource* random) : random_(*random) {
  for (int i = 0; i < kHandlers; ++i) {
    SimulatedHandler handler;
    handler.instance = "h" + std::to_string(i);
    handler.concurrency = 1 + random_.Below(4);
    handler.confirms = random_.OneIn(2);
    handler.by_credits = random_.OneIn(2);
    handlers_.push_back(std::move(handler));
  }
}

engine::Command SimulatedHandlers::Connect(SimulatedHandler& handler) {
  handler.session = ++sessions_;
  engine::RegisterHandler command{engine::SessionId{handler.session},
                                  handler.instance,
                                  handler.instance,
                                  handler.concurrency,
                                  {{"H0", "", "", random_.Below(3)},
                                   {"H1", "", "", 0},
                                   {"H2", "", "", 0},
                                   {engine::TaskHandlerRoute("T"), "", "", 0}},
                                  {},
                                  {},
                                  handler.confirms,
                                  handler.by_credits};
  handler.credits = handler.handed_out = 0;
  for (const auto& [bytes, assignment] : handler.held) command.held.push_back(assignment.token);
  return command;
}

engine::Command SimulatedHandlers::Result(SimulatedHandler& handler,
                                          const engine::Assignment& assignment, bool good) {
  const engine::SessionId session{handler.session};
  std::vector<engine::PublishedEvent> events;
  if (HasEvent(assignment.token)) {
    events.push_back({kEvent, engine::MakePayload(EventPayload(assignment.token))});
  }
  if (assignment.request && good) {
    return engine::CompleteAttempt{session, assignment.token, assignment.context,
                                   std::move(events)};
  }
  if (good && random_.OneIn(8)) {
    deferred_.push_back(assignment.token);
    return engine::DeferAttempt{session, assignment.token,
                                std::chrono::seconds(random_.OneIn(2) ? 30 : 0), std::move(events)};
  }
  if (good) {
    const engine::StepTemplate& step =
        assignment.task_template->steps[Raw(assignment.template_step)];
    std::string results = step.choice != nullptr && !random_.OneIn(20)
                              ? DecisionResults(random_, assignment)
                              : "{\"n\": " + std::to_string(random_.Below(100)) + "}";
    return engine::CompleteAttempt{session, assignment.token,
                                   engine::MakePayload(std::move(results)), std::move(events)};
  }
  v1::Failure failure;
  failure.set_error_class("Boom");
  failure.set_message("boom");
  if (random_.OneIn(4)) failure.set_retryable(false);
  if (random_.OneIn(4)) failure.mutable_retry_after()->set_seconds(random_.Below(20));
  if (random_.OneIn(8)) failure.set_business(true);
  return engine::FailAttempt{session, assignment.token, std::move(failure), std::move(events)};
}

void SimulatedHandlers::Grant(SimulatedHandler& handler, std::uint64_t more,
                              std::vector<engine::Command>& commands) const {
  if (!handler.by_credits) return;
  handler.credits += more;
  commands.emplace_back(engine::GrantCredits{engine::SessionId{handler.session}, handler.credits});
}

engine::Command SimulatedHandlers::EndDeferred(const engine::AttemptToken& token) {
  engine::EndDeferred command{token.task, token, engine::MakePayload("{\"n\": 1}"), {}, "webhook"};
  if (random_.OneIn(5)) command.outcome = engine::MakeFailure("Boom", "boom");
  return command;
}

engine::Command SimulatedHandlers::Answer(SimulatedHandler& handler) {
  auto held = handler.held.begin();
  std::advance(held, random_.Below(static_cast<std::uint32_t>(handler.held.size())));
  engine::Command result = Result(handler, held->second, !random_.OneIn(4));
  handler.unacknowledged.insert_or_assign(held->first, result);
  return result;
}

std::vector<engine::Command> SimulatedHandlers::DoSomething() {
  SimulatedHandler& handler = handlers_[random_.Below(kHandlers)];
  if (handler.session == 0) {
    if (random_.OneIn(6)) {
      // Restarted: another process, which knows nothing of what the old one had.
      handler.instance = "h" + std::to_string(kHandlers + restarts_++);
      handler.held.clear();
      handler.unacknowledged.clear();
    }
    std::vector<engine::Command> commands = {Connect(handler)};
    // Said again, since the acknowledgement may have been lost.
    for (auto& [bytes, command] : handler.unacknowledged) {
      std::visit(
          [&](auto& result) {
            if constexpr (requires { result.session; }) {
              result.session = engine::SessionId{handler.session};
            }
          },
          command);
      commands.push_back(command);
    }
    const std::size_t held = handler.held.size();
    Grant(handler, handler.concurrency - std::min<std::size_t>(held, handler.concurrency),
          commands);
    return commands;
  }
  const engine::SessionId session{handler.session};
  switch (random_.Below(13)) {
    case 0:
      handler.session = 0;
      return {engine::DisconnectHandler{session}};
    case 1:
      if (!random_.OneIn(4)) return {};
      return {engine::DrainHandler{session}};
    case 2:
    case 3:
      return Heartbeats();
    case 4: {
      // Late, repeated, or somebody else's.
      if (seen_.empty()) return {};
      const engine::Assignment& any = random_.Of(seen_);
      return {Result(handler, any, random_.OneIn(2))};
    }
    case 5:
      // Forgets what it does, without a word.
      if (!handler.held.empty()) handler.held.erase(handler.held.begin());
      return {};
    case 6:
      // Also before the deferral has come, or twice.
      if (deferred_.empty()) return {};
      return {EndDeferred(random_.Of(deferred_))};
    default: {
      if (handler.held.empty()) return {};
      std::vector<engine::Command> commands = {Answer(handler)};
      Grant(handler, 1, commands);
      return commands;
    }
  }
}

std::vector<engine::Command> SimulatedHandlers::Heartbeats() {
  std::vector<engine::Command> commands;
  for (const SimulatedHandler& handler : handlers_) {
    if (handler.session == 0 || handler.held.empty()) continue;
    engine::RenewLeases renew{engine::SessionId{handler.session}, {}, {}};
    for (const auto& [bytes, assignment] : handler.held) {
      if (random_.OneIn(3)) {
        renew.checkpoints.push_back({assignment.token, engine::MakePayload("{\"at\": 1}")});
      } else {
        renew.tokens.push_back(assignment.token);
      }
    }
    commands.push_back(std::move(renew));
  }
  return commands;
}

std::vector<engine::Command> SimulatedHandlers::WorkOff() {
  std::vector<engine::Command> commands;
  for (SimulatedHandler& handler : handlers_) {
    // Anew, so that one that drains takes work again.
    if (handler.session == 0 || handler.held.empty()) {
      commands.push_back(Connect(handler));
      Grant(handler,
            handler.concurrency - std::min<std::size_t>(handler.held.size(), handler.concurrency),
            commands);
    }
    for (const auto& [bytes, assignment] : handler.held) {
      commands.push_back(Result(handler, assignment, true));
    }
    Grant(handler, handler.held.size(), commands);
  }
  for (const engine::AttemptToken& token : deferred_) commands.push_back(EndDeferred(token));
  // What was not ended by that is not current any more, or is said again.
  if (random_.OneIn(4)) deferred_.clear();
  return commands;
}

void SimulatedHandlers::Receive(const engine::Effects& effects) {
  const auto find = [&](engine::SessionId session) -> SimulatedHandler* {
    const auto found = std::ranges::find(handlers_, Raw(session), &SimulatedHandler::session);
    return found == handlers_.end() ? nullptr : &*found;
  };
  for (const engine::Registration& registration : effects.registrations) {
    SimulatedHandler* handler = find(registration.session);
    if (handler == nullptr) continue;
    for (const engine::AttemptToken& token : registration.stale) {
      handler->held.erase(token.Encode());
    }
  }
  for (const engine::Acknowledgement& acknowledgement : effects.acknowledgements) {
    SimulatedHandler* handler = find(acknowledgement.session);
    if (handler == nullptr) continue;
    handler->held.erase(acknowledgement.token.Encode());
    handler->unacknowledged.erase(acknowledgement.token.Encode());
  }
  for (const engine::Assignment& assignment : effects.assignments) {
    seen_.push_back(assignment);
    SimulatedHandler* handler = find(assignment.session);
    if (handler != nullptr && handler->by_credits && ++handler->handed_out > handler->credits) {
      overrun_ = true;
    }
    // One in transit to a connection that is gone never arrives; nor do a few others.
    if (handler == nullptr || (handler->confirms && random_.OneIn(15))) continue;
    handler->held.emplace(assignment.token.Encode(), assignment);
  }
  for (const engine::Cancellation& cancellation : effects.cancellations) {
    SimulatedHandler* handler = find(cancellation.session);
    if (handler != nullptr && cancellation.superseded) {
      handler->held.erase(cancellation.token.Encode());
    }
  }
}

void SimulatedHandlers::LoseConnections() {
  for (SimulatedHandler& handler : handlers_) handler.session = 0;
}

std::vector<std::uint64_t> SimulatedHandlers::Sessions() const {
  std::vector<std::uint64_t> sessions;
  for (const SimulatedHandler& handler : handlers_) {
    if (handler.session != 0) sessions.push_back(handler.session);
  }
  return sessions;
}

std::uint32_t SimulatedHandlers::ConcurrencyOf(std::uint64_t session) const {
  return std::ranges::find(handlers_, session, &SimulatedHandler::session)->concurrency;
}

}  // namespace tasker::simulation
