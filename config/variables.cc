#include "config/variables.h"

#include <cstdlib>

#include "absl/strings/ascii.h"

namespace tasker::config {
namespace {

bool IsNameStart(char c) { return absl::ascii_isalpha(static_cast<unsigned char>(c)) || c == '_'; }
bool IsNamePart(char c) {
  return IsNameStart(c) || absl::ascii_isdigit(static_cast<unsigned char>(c));
}

// A reference at the beginning of a text.
struct Reference {
  std::string_view name;
  std::optional<std::string_view> fallback;
  // Length of the whole, `${` and `}` included.
  std::size_t length;
};

std::optional<Reference> ReferenceAt(std::string_view text) {
  if (!text.starts_with("${")) return std::nullopt;
  std::size_t end = 2;
  while (end < text.size() && IsNamePart(text[end])) ++end;
  const std::string_view name = text.substr(2, end - 2);
  if (name.empty() || !IsNameStart(name[0]) || end == text.size()) return std::nullopt;
  if (text[end] == '}') return Reference{name, std::nullopt, end + 1};
  if (!text.substr(end).starts_with(":-")) return std::nullopt;
  const std::size_t close = text.find('}', end);
  if (close == std::string_view::npos) return std::nullopt;
  return Reference{name, text.substr(end + 2, close - end - 2), close + 1};
}

}  // namespace

VariableLookup EnvironmentVariables() {
  return [](std::string_view name) -> std::optional<std::string> {
    const char* value = std::getenv(std::string(name).c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
}

Interpolated Interpolate(std::string_view text, const VariableLookup& variables) {
  Interpolated result;
  while (true) {
    const std::size_t start = text.find("${");
    result.text.append(text.substr(0, start));
    if (start == std::string_view::npos) return result;
    text.remove_prefix(start);
    const std::optional<Reference> reference = ReferenceAt(text);
    if (!reference) {
      result.text.append(text.substr(0, 2));
      text.remove_prefix(2);
      continue;
    }
    const std::optional<std::string> value = variables ? variables(reference->name) : std::nullopt;
    if (value && !(value->empty() && reference->fallback)) {
      result.text.append(*value);
    } else if (reference->fallback) {
      result.text.append(*reference->fallback);
    } else {
      result.text.append(text.substr(0, reference->length));
      result.unset.emplace_back(reference->name);
    }
    text.remove_prefix(reference->length);
  }
}

}  // namespace tasker::config
