// Cutting text in UTF-8.
#pragma once

#include <cstddef>
#include <string_view>

namespace tasker::config {

// The last place at or before `end` at which a character begins, so that the text may be cut there.
// Precondition: end < text.size().
inline std::size_t CharacterStart(std::string_view text, std::size_t end) {
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return end;
}

}  // namespace tasker::config
