// Tells ThreadSanitizer what Debian's Abseil does, which is not compiled with it: a lock that it
// cannot see makes everything that the lock guards look like a race.
//
// Part of every program of a TSan build. The program's own definition of a function comes before
// that of a shared library, also for the calls from other libraries: so gRPC's locks, which are
// Abseil's, are seen as well. Each function here calls the one of the library, and tells TSan what
// happens before what.
//
// Conditions are evaluated by whichever thread has the lock at that moment, inside Abseil, after we
// have said that the lock is given back: so around each evaluation the lock is taken and given back
// once more, as far as TSan knows.
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include <sanitizer/tsan_interface.h>

namespace {

// The lock whose conditions this thread may be evaluating.
thread_local void* evaluated_under = nullptr;

class Under {
 public:
  explicit Under(void* mutex) : before_(evaluated_under) { evaluated_under = mutex; }
  ~Under() { evaluated_under = before_; }
  Under(const Under&) = delete;
  Under& operator=(const Under&) = delete;

 private:
  void* const before_;
};

// The library's function of that mangled name.
template <typename Function>
Function* Real(const char* name) {
  void* found = dlsym(RTLD_NEXT, name);
  if (found == nullptr) {
    std::fprintf(stderr, "abseil_for_tsan: this Abseil has no %s\n", name);
    std::abort();
  }
  return reinterpret_cast<Function*>(found);
}

void Acquire(const void* place) { __tsan_acquire(const_cast<void*>(place)); }
void Release(const void* place) { __tsan_release(const_cast<void*>(place)); }

}  // namespace

// Debian's inline namespace, as it is mangled.
#define ABSEIL "_ZN4absl7debian3"
#define ABSEIL_CONST "_ZNK4absl7debian3"

namespace absl {
ABSL_NAMESPACE_BEGIN

void Mutex::Lock() {
  static auto* const real = Real<void(Mutex*)>(ABSEIL "5Mutex4LockEv");
  const Under under(this);
  real(this);
  Acquire(this);
}

void Mutex::ReaderLock() {
  static auto* const real = Real<void(Mutex*)>(ABSEIL "5Mutex10ReaderLockEv");
  const Under under(this);
  real(this);
  Acquire(this);
}

bool Mutex::TryLock() {
  static auto* const real = Real<bool(Mutex*)>(ABSEIL "5Mutex7TryLockEv");
  const bool locked = real(this);
  if (locked) Acquire(this);
  return locked;
}

bool Mutex::ReaderTryLock() {
  static auto* const real = Real<bool(Mutex*)>(ABSEIL "5Mutex13ReaderTryLockEv");
  const bool locked = real(this);
  if (locked) Acquire(this);
  return locked;
}

void Mutex::Unlock() {
  static auto* const real = Real<void(Mutex*)>(ABSEIL "5Mutex6UnlockEv");
  const Under under(this);
  Release(this);
  real(this);
}

void Mutex::ReaderUnlock() {
  static auto* const real = Real<void(Mutex*)>(ABSEIL "5Mutex12ReaderUnlockEv");
  const Under under(this);
  Release(this);
  real(this);
}

void Mutex::Await(const Condition& condition) {
  static auto* const real =
      Real<void(Mutex*, const Condition&)>(ABSEIL "5Mutex5AwaitERKNS0_9ConditionE");
  const Under under(this);
  Release(this);
  real(this, condition);
  Acquire(this);
}

bool Mutex::AwaitWithTimeout(const Condition& condition, Duration timeout) {
  static auto* const real = Real<bool(Mutex*, const Condition&, Duration)>(
      ABSEIL "5Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE");
  const Under under(this);
  Release(this);
  const bool held = real(this, condition, timeout);
  Acquire(this);
  return held;
}

bool Mutex::AwaitWithDeadline(const Condition& condition, Time deadline) {
  static auto* const real = Real<bool(Mutex*, const Condition&, Time)>(
      ABSEIL "5Mutex17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE");
  const Under under(this);
  Release(this);
  const bool held = real(this, condition, deadline);
  Acquire(this);
  return held;
}

void Mutex::LockWhen(const Condition& condition) {
  static auto* const real =
      Real<void(Mutex*, const Condition&)>(ABSEIL "5Mutex8LockWhenERKNS0_9ConditionE");
  const Under under(this);
  real(this, condition);
  Acquire(this);
}

bool Mutex::LockWhenWithTimeout(const Condition& condition, Duration timeout) {
  static auto* const real = Real<bool(Mutex*, const Condition&, Duration)>(
      ABSEIL "5Mutex19LockWhenWithTimeoutERKNS0_9ConditionENS0_8DurationE");
  const Under under(this);
  const bool held = real(this, condition, timeout);
  Acquire(this);
  return held;
}

bool Mutex::LockWhenWithDeadline(const Condition& condition, Time deadline) {
  static auto* const real = Real<bool(Mutex*, const Condition&, Time)>(
      ABSEIL "5Mutex20LockWhenWithDeadlineERKNS0_9ConditionENS0_4TimeE");
  const Under under(this);
  const bool held = real(this, condition, deadline);
  Acquire(this);
  return held;
}

bool Condition::Eval() const {
  static auto* const real = Real<bool(const Condition*)>(ABSEIL_CONST "9Condition4EvalEv");
  void* const mutex = evaluated_under;
  if (mutex != nullptr) Acquire(mutex);
  const bool holds = real(this);
  if (mutex != nullptr) Release(mutex);
  return holds;
}

void CondVar::Wait(Mutex* mutex) {
  static auto* const real = Real<void(CondVar*, Mutex*)>(ABSEIL "7CondVar4WaitEPNS0_5MutexE");
  const Under under(mutex);
  Release(mutex);
  real(this, mutex);
  Acquire(mutex);
}

bool CondVar::WaitWithTimeout(Mutex* mutex, Duration timeout) {
  static auto* const real = Real<bool(CondVar*, Mutex*, Duration)>(
      ABSEIL "7CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE");
  const Under under(mutex);
  Release(mutex);
  const bool timed_out = real(this, mutex, timeout);
  Acquire(mutex);
  return timed_out;
}

bool CondVar::WaitWithDeadline(Mutex* mutex, Time deadline) {
  static auto* const real = Real<bool(CondVar*, Mutex*, Time)>(
      ABSEIL "7CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE");
  const Under under(mutex);
  Release(mutex);
  const bool timed_out = real(this, mutex, deadline);
  Acquire(mutex);
  return timed_out;
}

// A waiter may look at a notification's atomic alone and take no lock.
void Notification::Notify() {
  static auto* const real = Real<void(Notification*)>(ABSEIL "12Notification6NotifyEv");
  Release(this);
  real(this);
}

void Notification::WaitForNotification() const {
  static auto* const real =
      Real<void(const Notification*)>(ABSEIL_CONST "12Notification19WaitForNotificationEv");
  real(this);
  Acquire(this);
}

bool Notification::WaitForNotificationWithTimeout(Duration timeout) const {
  static auto* const real = Real<bool(const Notification*, Duration)>(
      ABSEIL_CONST "12Notification30WaitForNotificationWithTimeoutENS0_8DurationE");
  const bool notified = real(this, timeout);
  if (notified) Acquire(this);
  return notified;
}

bool Notification::WaitForNotificationWithDeadline(Time deadline) const {
  static auto* const real = Real<bool(const Notification*, Time)>(
      ABSEIL_CONST "12Notification31WaitForNotificationWithDeadlineENS0_4TimeE");
  const bool notified = real(this, deadline);
  if (notified) Acquire(this);
  return notified;
}

ABSL_NAMESPACE_END
}  // namespace absl
