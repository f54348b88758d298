// Subscribers as a process of their own: they read, count and do nothing else.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "clients/bench/child_process.h"

namespace tasker::bench {

// How many of each kind.
struct FollowerCounts {
  // To everything, reading as fast as they can.
  std::uint32_t greedy = 0;
  // Each with a filter of its own that matches nothing that the load does: a task, a name or a
  // namespace.
  std::uint32_t picky = 0;
  // To everything, reading nothing after the first response.
  std::uint32_t stuck = 0;

  std::uint32_t all() const { return greedy + picky + stuck; }
};

// Connects them, over so many connections (those that are stuck have their own), prints a line once
// all are there, and for each SIGUSR1 a line with how many events each of the greedy ones has
// received. Ends with SIGINT or SIGTERM. Returns the process's exit code: 1 if the service ended
// one of them.
//
// `nice`: the process's niceness. What it uses is its own affair, and on a machine with few cores
// it should not take them from the service.
int RunFollowers(const std::string& address, const FollowerCounts& counts,
                 std::uint32_t connections, int nice);

// That process, seen from the one that measures.
class Followers {
 public:
  // Starts this program again with the subcommand `follow`, at that niceness, and waits until all
  // are there. UNAVAILABLE: it ended before.
  static absl::StatusOr<std::unique_ptr<Followers>> Start(const std::string& self,
                                                          const std::string& address,
                                                          const FollowerCounts& counts,
                                                          std::uint32_t connections, int nice,
                                                          const std::string& output);

  // What each of the greedy ones has received so far.
  absl::StatusOr<std::vector<std::uint64_t>> Received();
  ChildProcess& process() { return *process_; }

 private:
  Followers() = default;
  // Waits for the output's line of that number, from 0.
  absl::StatusOr<std::string> AwaitLine(std::size_t number);

  std::unique_ptr<ChildProcess> process_;
  std::size_t lines_ = 0;
};

}  // namespace tasker::bench
