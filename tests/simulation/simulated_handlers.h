// Handler processes that work, fail, vanish, and answer twice and late.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/command.h"
#include "engine/effects.h"
#include "tests/simulation/random_source.h"

namespace tasker::simulation {

// One process. Outlives the engine's crashes; its connection does not.
struct SimulatedHandler {
  std::string instance;
  std::uint32_t concurrency = 1;
  bool confirms = false;
  bool by_credits = false;
  // 0: not connected.
  std::uint64_t session = 0;
  // Of that connection: what it has granted, and what it was handed.
  std::uint64_t credits = 0;
  std::uint64_t handed_out = 0;
  // Attempts that it has, by their tokens' bytes.
  std::map<std::string, engine::Assignment> held;
  // Results that are not acknowledged yet.
  std::map<std::string, engine::Command> unacknowledged;
};

// Whether results of this attempt come with an event, named kEvent, with the token as payload.
inline constexpr char kEvent[] = "sim.told";
inline bool HasEvent(const engine::AttemptToken& token) { return token.nonce % 4 == 0; }
std::string EventPayload(const engine::AttemptToken& token);

class SimulatedHandlers {
 public:
  explicit SimulatedHandlers(RandomSource* random);

  // What handlers do next, as commands for the engine: something at random, or nothing.
  std::vector<engine::Command> DoSomething();
  // Every handler connects, heartbeats, and finishes what it has. Results are good ones.
  std::vector<engine::Command> WorkOff();
  // Signs of life of everyone for everything.
  std::vector<engine::Command> Heartbeats();

  // What reaches them, if they are still connected.
  void Receive(const engine::Effects& effects);
  // The engine is gone, and with it every connection.
  void LoseConnections();

  // Sessions that are connected.
  std::vector<std::uint64_t> Sessions() const;
  std::uint32_t ConcurrencyOf(std::uint64_t session) const;
  // Whether one was ever handed more than it had granted.
  bool overrun() const { return overrun_; }

 private:
  engine::Command Connect(SimulatedHandler& handler);
  engine::Command Result(SimulatedHandler& handler, const engine::Assignment& assignment,
                         bool good);
  engine::Command Answer(SimulatedHandler& handler);
  // Says again how much it takes, `more` more than before.
  void Grant(SimulatedHandler& handler, std::uint64_t more,
             std::vector<engine::Command>& commands) const;
  // Ends any attempt that was deferred, maybe once more.
  engine::Command EndDeferred(const engine::AttemptToken& token);

  RandomSource& random_;
  std::vector<SimulatedHandler> handlers_;
  std::uint64_t sessions_ = 0;
  int restarts_ = 0;
  // Everything ever handed out, to be answered late.
  std::vector<engine::Assignment> seen_;
  // Attempts that were to be deferred, to be ended from elsewhere.
  std::vector<engine::AttemptToken> deferred_;
  bool overrun_ = false;
};

}  // namespace tasker::simulation
