// libFuzzer's door to one target, whose name the build gives as FUZZ_TARGET.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tests/fuzz/require.h"
#include "tests/fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const tasker::fuzz::Target* const target = [] {
    for (const tasker::fuzz::Target& each : tasker::fuzz::Targets()) {
      if (each.name == FUZZ_TARGET) return &each;
    }
    std::abort();
  }();
  target->run({reinterpret_cast<const char*>(data), size});
  return 0;
}
