#include "service/templates/parallel.h"

#include <algorithm>
#include <atomic>
#include <pthread.h>
#include <system_error>
#include <thread>
#include <vector>

namespace tasker::service {
namespace {

constexpr int kThreadsMax = 8;

}  // namespace

int LoadThreads() {
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, kThreadsMax);
}

void ForEachInParallel(std::size_t count, int threads,
                       const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  const auto take = [&] {
    for (std::size_t i = next.fetch_add(1); i < count; i = next.fetch_add(1)) work(i);
  };
  const std::size_t helpers =
      std::min(static_cast<std::size_t>(std::max(threads, 1) - 1), count == 0 ? 0 : count - 1);
  std::vector<std::thread> running;
  try {
    for (std::size_t i = 0; i < helpers; ++i) {
      running.emplace_back([&] {
        pthread_setname_np(pthread_self(), "template-load");
        take();
      });
    }
  } catch (const std::system_error&) {
    // The machine gives no more threads: those that there are do it all.
  }
  take();
  for (std::thread& thread : running) thread.join();
}

}  // namespace tasker::service
