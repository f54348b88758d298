// Guessing what a mistyped name was meant to be.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tasker::config {

// How many letters have to be inserted, deleted or replaced to make `b` of `a` (Levenshtein 1966).
// Time: O(|a| * |b|).
std::size_t EditDistance(std::string_view a, std::string_view b);

// The candidate that is nearest to `name`, if one is near enough to be meant: within a third of its
// length or two letters, in words of up to three letters within one, and never a whole word. Of
// equally near ones the first.
std::optional<std::string> NearestSpelling(std::string_view name,
                                           std::span<const std::string> candidates);

// `; did you mean \`x\`?`, or nothing if no candidate is near enough.
std::string DidYouMean(std::string_view name, std::span<const std::string> candidates);

}  // namespace tasker::config
