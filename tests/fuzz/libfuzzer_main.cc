// libFuzzer's door to one target, whose function the build gives as FUZZ_FUNCTION.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tests/fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tasker::fuzz::FUZZ_FUNCTION({reinterpret_cast<const char*>(data), size});
  return 0;
}
