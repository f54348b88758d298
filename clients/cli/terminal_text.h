// Text that strangers wrote, made fit for a terminal.
#pragma once

#include <string>
#include <string_view>

namespace tasker::cli {

// `text` with control characters and bytes that are not UTF-8 written out (`\n`, `\x1b`,
// `\u202e`), so that it stays on its line and cannot drive the terminal.
std::string EscapeControls(std::string_view text);

// The same, but line feeds stay: for messages of several lines.
std::string EscapeControlsInLines(std::string_view text);

// Cells that `text` takes. Precondition: escaped, and without ANSI sequences.
int DisplayWidth(std::string_view text);

// The longest beginning of `text` that fits into `width` cells, ending in `…` if anything was cut.
std::string CutToWidth(std::string_view text, int width);

// `text` in at most `width` cells: of what is too long its beginning and its end, `…` between. For
// names, which often differ only at their ends.
std::string CutInTheMiddle(std::string_view text, int width);

// `text` followed by blanks up to `width` cells.
std::string PadRight(std::string_view text, int width);

// `text` after blanks up to `width` cells.
std::string PadLeft(std::string_view text, int width);

}  // namespace tasker::cli
