#include "service/templates/version_order.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace tasker::service {
namespace {

bool IsNumber(const std::string& text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](unsigned char c) { return absl::ascii_isdigit(c); });
}

// An identifier of a pre-release: numbers by value and below words.
struct Identifier {
  bool is_word;
  std::uint64_t number;
  std::string word;

  auto operator<=>(const Identifier&) const = default;
};

struct Semantic {
  std::array<std::uint64_t, 3> numbers{};
  // A release is above all its pre-releases.
  bool is_release = true;
  std::vector<Identifier> pre_release;

  auto operator<=>(const Semantic&) const = default;
};

std::optional<Semantic> Parse(std::string_view text) {
  text = text.substr(0, text.find('+'));
  const std::size_t dash = text.find('-');
  const std::string_view core = text.substr(0, dash);
  const std::vector<std::string> parts =
      absl::StrSplit(absl::string_view(core.data(), core.size()), '.');
  Semantic version;
  if (parts.size() != version.numbers.size()) return std::nullopt;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!IsNumber(parts[i]) || !absl::SimpleAtoi(parts[i], &version.numbers[i]))
      return std::nullopt;
  }
  if (dash == std::string_view::npos) return version;
  version.is_release = false;
  const std::string_view rest = text.substr(dash + 1);
  for (const auto& piece : absl::StrSplit(absl::string_view(rest.data(), rest.size()), '.')) {
    Identifier identifier{true, 0, std::string(piece)};
    if (IsNumber(identifier.word) && absl::SimpleAtoi(identifier.word, &identifier.number)) {
      identifier.is_word = false;
      identifier.word.clear();
    }
    version.pre_release.push_back(std::move(identifier));
  }
  return version;
}

}  // namespace

bool LowerVersion(std::string_view a, std::string_view b) {
  const std::optional<Semantic> first = Parse(a);
  const std::optional<Semantic> second = Parse(b);
  // The text decides what is otherwise equal, so that no two versions are.
  return std::tie(first, a) < std::tie(second, b);
}

}  // namespace tasker::service
