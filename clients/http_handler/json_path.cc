#include "clients/http_handler/json_path.h"

#include <algorithm>
#include <charconv>

namespace tasker::http_handler {
namespace {

using client::Json;

std::optional<JsonPath> ParsePointer(std::string_view text) {
  JsonPath path;
  while (!text.empty()) {
    text.remove_prefix(1);  // The slash.
    const std::size_t end = std::min(text.find('/'), text.size());
    std::string segment;
    for (std::size_t i = 0; i < end; ++i) {
      if (text[i] != '~') {
        segment += text[i];
      } else if (i + 1 < end && (text[i + 1] == '0' || text[i + 1] == '1')) {
        segment += text[++i] == '0' ? '~' : '/';
      } else {
        return std::nullopt;
      }
    }
    path.segments.push_back(std::move(segment));
    text.remove_prefix(end);
  }
  return path;
}

// Takes `[0]` or `["any key"]` from the beginning of `text`.
std::optional<std::string> TakeBrackets(std::string_view& text) {
  const bool quoted = text.size() > 1 && (text[1] == '"' || text[1] == '\'');
  const std::size_t begin = quoted ? 2 : 1;
  const std::size_t end = text.find(quoted ? text[1] : ']', begin);
  const std::size_t close = end == std::string_view::npos ? end : quoted ? end + 1 : end;
  if (close >= text.size() || text[close] != ']') return std::nullopt;
  std::string segment(text.substr(begin, end - begin));
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!quoted && (segment.empty() || !std::all_of(segment.begin(), segment.end(), is_digit))) {
    return std::nullopt;
  }
  text.remove_prefix(close + 1);
  return segment;
}

}  // namespace

std::optional<JsonPath> ParsePath(std::string_view text) {
  if (!text.empty() && text.front() == '/') return ParsePointer(text);
  JsonPath path;
  bool after_dot = true;
  while (!text.empty() || after_dot) {
    if (!text.empty() && text.front() == '[' && (!after_dot || path.segments.empty())) {
      std::optional<std::string> segment = TakeBrackets(text);
      if (!segment) return std::nullopt;
      path.segments.push_back(*std::move(segment));
    } else if (after_dot) {
      const std::size_t end = std::min(text.find_first_of(".[]{}\"' \t\r\n"), text.size());
      if (end == 0) return std::nullopt;
      path.segments.emplace_back(text.substr(0, end));
      text.remove_prefix(end);
    } else {
      return std::nullopt;
    }
    after_dot = !text.empty() && text.front() == '.';
    if (after_dot) text.remove_prefix(1);
  }
  return path;
}

const Json* JsonPath::Find(const Json& root, std::size_t skipped) const {
  const Json* value = &root;
  for (std::size_t i = skipped; i < segments.size(); ++i) {
    const std::string& segment = segments[i];
    if (value->is_object()) {
      const auto found = value->find(segment);
      if (found == value->end()) return nullptr;
      value = &*found;
    } else if (value->is_array()) {
      std::size_t index = 0;
      const char* const end = segment.data() + segment.size();
      const auto [rest, error] = std::from_chars(segment.data(), end, index);
      // As in a JSON Pointer, an index has no zeros before it.
      if (segment.size() > 1 && segment[0] == '0') return nullptr;
      if (error != std::errc() || rest != end || index >= value->size()) return nullptr;
      value = &(*value)[index];
    } else {
      return nullptr;
    }
  }
  return value;
}

}  // namespace tasker::http_handler
