#include "clients/cli/terminal_text.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_format.h"

#include "clients/cli/utf8.h"

namespace tasker::cli {
namespace {

std::string Escaped(char32_t code_point) {
  switch (code_point) {
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return code_point < 0x100
                 ? absl::StrFormat("\\x%02x", static_cast<std::uint32_t>(code_point))
                 : absl::StrFormat("\\u%04x", static_cast<std::uint32_t>(code_point));
  }
}

std::string Escape(std::string_view text, bool keep_line_feeds) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t position = 0; position < text.size();) {
    const std::size_t start = position;
    const auto code_point = DecodeUtf8(text, position);
    if (!code_point) {
      result += absl::StrFormat("\\x%02x", static_cast<std::uint8_t>(text[start]));
    } else if (IsControl(*code_point) && !(keep_line_feeds && *code_point == '\n')) {
      result += Escaped(*code_point);
    } else {
      result += text.substr(start, position - start);
    }
  }
  return result;
}

std::string Blanks(int count) {
  return std::string(static_cast<std::size_t>(std::max(count, 0)), ' ');
}

}  // namespace

std::string EscapeControls(std::string_view text) { return Escape(text, false); }

std::string EscapeControlsInLines(std::string_view text) { return Escape(text, true); }

int DisplayWidth(std::string_view text) {
  int width = 0;
  for (std::size_t position = 0; position < text.size();) {
    width += CellWidth(DecodeUtf8(text, position).value_or(U'?'));
  }
  return width;
}

std::string CutToWidth(std::string_view text, int width) {
  if (width <= 0) return "";
  int used = 0;
  std::size_t keep = 0;  // What still leaves a cell for the ellipsis.
  for (std::size_t position = 0; position < text.size();) {
    used += CellWidth(DecodeUtf8(text, position).value_or(U'?'));
    if (used > width) return std::string(text.substr(0, keep)) + "…";
    if (used < width) keep = position;
  }
  return std::string(text);
}

std::string CutInTheMiddle(std::string_view text, int width) {
  const int whole = DisplayWidth(text);
  if (whole <= width) return std::string(text);
  std::string begin = CutToWidth(text, (width + 1) / 2);
  // The end is what is left once as much is cut from the front as does not fit.
  int left = whole;
  std::size_t position = 0;
  while (position < text.size() && left > width - DisplayWidth(begin)) {
    left -= CellWidth(DecodeUtf8(text, position).value_or(U'?'));
  }
  return begin.append(text.substr(position));
}

std::string PadRight(std::string_view text, int width) {
  return std::string(text) + Blanks(width - DisplayWidth(text));
}

std::string PadLeft(std::string_view text, int width) {
  return Blanks(width - DisplayWidth(text)) + std::string(text);
}

}  // namespace tasker::cli
