// Chance from a seed.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

namespace tasker::simulation {

class RandomSource {
 public:
  explicit RandomSource(std::uint64_t seed) : engine_(seed) {}

  // From 0 to `limit` - 1. The same on every machine, which std::uniform_int_distribution is not.
  std::uint32_t Below(std::uint32_t limit) { return static_cast<std::uint32_t>(engine_() % limit); }
  // True once in `n` times.
  bool OneIn(std::uint32_t n) { return Below(n) == 0; }
  std::uint64_t Any() { return engine_(); }

  template <typename T>
  const T& Of(const std::vector<T>& all) {
    return all[Below(static_cast<std::uint32_t>(all.size()))];
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace tasker::simulation
