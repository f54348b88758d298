// Where something stands in a text.
#pragma once

#include <compare>
#include <cstdint>

namespace tasker::config {

// Line and column, both from 1; 0: nowhere in particular, the text as a whole.
struct Place {
  std::uint32_t line = 0;
  std::uint32_t column = 0;

  bool is_known() const { return line > 0; }

  auto operator<=>(const Place&) const = default;
};

}  // namespace tasker::config
