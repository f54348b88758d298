// Draws that look random and are not: all of them follow from a seed that is handed in.
#pragma once

#include <cstdint>

namespace tasker::engine {

// SplitMix64 (Steele, Lea, Flood 2014). Not for secrets: it fences attempts and spreads retries.
class Draws {
 public:
  explicit Draws(std::uint64_t seed) : state_(seed) {}

  // Any 64-bit number.
  std::uint64_t Next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  // In [0, 1), in steps of 2^-53.
  double NextUnit() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

 private:
  std::uint64_t state_;
};

}  // namespace tasker::engine
