// Who is there to do steps, and what each of them holds.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"

#include "engine/command.h"
#include "engine/scheduling/ready_queues.h"
#include "engine/tasks/task_run.h"

namespace tasker::engine {

// Stands for "no session": an instance that is not connected.
inline constexpr SessionId kNoSession{0};

// A handler process. Known while it is connected or holds attempts.
struct HandlerInstance {
  std::shared_ptr<const HandlerIdentity> identity;
  // Its newest session, or kNoSession.
  SessionId session = kNoSession;
  bool draining = false;
  std::uint32_t concurrency = 0;
  std::vector<ServedClass> classes;
  // Unfinished assignments of each of `classes`, in their order.
  std::vector<std::uint32_t> class_load;
  // The pools of `classes`, without duplicates.
  std::vector<ClassPool*> pools;
  Labels labels;
  // Whether it confirms each assignment.
  bool confirms = false;
  // Of its session: how many assignments it takes in all, and how many it was handed. Unset: as
  // many as it has slots for.
  std::optional<std::uint64_t> credits;
  std::uint64_t handed_out = 0;
  // Attempts that it holds, connected or not.
  absl::btree_set<StepRef> attempts;
  // When a timer will look at its leases; kNever: none is planned. A timer for any other moment is
  // void.
  Timestamp lease_check_at = kNever;

  bool connected() const { return session != kNoSession; }
  // How many more attempts it takes at most.
  std::uint32_t free() const {
    const auto held = static_cast<std::uint32_t>(attempts.size());
    const std::uint32_t slots = held < concurrency ? concurrency - held : 0;
    if (!credits) return slots;
    const std::uint64_t granted = *credits > handed_out ? *credits - handed_out : 0;
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(slots, granted));
  }
};

// All instances, and which of them may take what. Iterates in the order of instance ids only, so
// that equal commands give equal effects.
class HandlerDirectory {
 public:
  // `queues` must outlive this object; its pools learn here who serves them.
  explicit HandlerDirectory(ReadyQueues* queues) : queues_(*queues) {}

  // An instance that has just connected.
  struct Connected {
    HandlerInstance& instance;
    // What it held until now. It holds nothing any more: give back what it still works on.
    absl::btree_set<StepRef> held_before;
  };

  // Makes `command.instance_id` known as connected by `command.session`, with these classes.
  Connected Connect(const RegisterHandler& command);

  // Ends a session. Returns the instance it was the newest session of, still known while it holds
  // attempts, or null if the session is not known or was superseded.
  HandlerInstance* Disconnect(SessionId session);

  // The instance whose newest session this is, or null.
  HandlerInstance* Find(SessionId session) const;

  // The instance of that id, or null.
  HandlerInstance* Find(std::string_view instance_id);

  // Every connected session, in the order of the instances' ids.
  std::vector<SessionId> Sessions() const;

  // Finds or makes a disconnected instance: one that held an attempt before a restart.
  HandlerInstance& Remember(std::shared_ptr<const HandlerIdentity> identity);

  // Gives `instance` an attempt, or takes it back. Release forgets the instance if it is not
  // connected and holds nothing more: the reference is then no longer valid.
  void Hold(HandlerInstance& instance, const StepRef& ref, const RouteKey& route);
  void Release(HandlerInstance& instance, const StepRef& ref, const RouteKey& route);

  // Forgets `instance` if it is not connected and holds nothing.
  void ForgetIfIdle(HandlerInstance& instance);

  // Whether `instance` has registered for steps of `route`, with its labels.
  static bool MayServe(const HandlerInstance& instance, const RouteKey& route);

  // Whether `instance` may be given one more step of `route`.
  static bool HasRoom(const HandlerInstance& instance, const RouteKey& route);

  // The server of `route` with room and the smallest share of its slots in use; one called
  // `preferred` before all others. Null: none has room, or the class may not be handed out.
  static HandlerInstance* LeastLoaded(const Route& route, std::string_view preferred);

  // The route whose first step is to go to `instance` next, or null.
  static Route* NextFor(const HandlerInstance& instance);

 private:
  void JoinPools(HandlerInstance& instance);
  static void LeavePools(HandlerInstance& instance);

  ReadyQueues& queues_;
  absl::btree_map<std::string, std::unique_ptr<HandlerInstance>> by_instance_;
  absl::flat_hash_map<std::uint64_t, HandlerInstance*> by_session_;
};

}  // namespace tasker::engine
