#include "config/spelling.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace tasker::config {
namespace {

// Longer names are not compared: nobody mistypes them by hand, and it would take its time.
constexpr std::size_t kComparedBytesMax = 128;
// Likewise for more candidates.
constexpr std::size_t kCandidatesMax = 1'000;

}  // namespace

std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

std::optional<std::string> NearestSpelling(std::string_view name,
                                           std::span<const std::string> candidates) {
  if (name.size() > kComparedBytesMax) return std::nullopt;
  std::optional<std::string> nearest;
  // Two, so that a swap of neighbours counts as a slip, but not in words of three letters.
  std::size_t least = name.size() <= 3 ? 2 : std::max<std::size_t>(2, name.size() / 3) + 1;
  // A word of which nothing stays is another word.
  least = std::min(least, name.size());
  for (const std::string& candidate :
       candidates.first(std::min(candidates.size(), kCandidatesMax))) {
    if (candidate.size() > kComparedBytesMax) continue;
    const std::size_t distance = EditDistance(name, candidate);
    if (distance >= least) continue;
    least = distance;
    nearest = candidate;
  }
  return nearest;
}

std::string DidYouMean(std::string_view name, std::span<const std::string> candidates) {
  const std::optional<std::string> nearest = NearestSpelling(name, candidates);
  return nearest ? "; did you mean `" + *nearest + "`?" : "";
}

}  // namespace tasker::config
