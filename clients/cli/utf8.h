// Reading UTF-8 one code point at a time.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace tasker::cli {

// Decodes the code point at `text[position]` and moves `position` behind it. Overlong forms,
// surrogates and cut sequences give nullopt and move on by one byte.
// Precondition: position < text.size().
std::optional<char32_t> DecodeUtf8(std::string_view text, std::size_t& position);

// Whether the whole of `text` is UTF-8.
bool IsUtf8(std::string_view text);

// Whether showing `code_point` could move the cursor, change colours, or reorder the text around
// it: the C0 and C1 controls, line separators, and Unicode's direction marks and overrides.
bool IsControl(char32_t code_point);

// Terminal cells taken by `code_point`: 0 for combining marks, 2 for East Asian wide characters and
// emoji, otherwise 1. Good enough to align columns, not the whole of Unicode's annex 11.
int CellWidth(char32_t code_point);

}  // namespace tasker::cli
