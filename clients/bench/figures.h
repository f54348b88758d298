// Numbers with names, and what several runs of one thing make of them.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nlohmann/json.hpp"

namespace tasker::bench {

// What one run found: values by name, in the order they were set. A value that is not known is NaN
// here and null in JSON. Units are the last part of a name.
class Figures {
 public:
  void Set(std::string_view name, double value);
  // NaN if there is none of the name.
  double Get(std::string_view name) const;
  const std::vector<std::pair<std::string, double>>& all() const { return values_; }

 private:
  std::vector<std::pair<std::string, double>> values_;
};

// A figure over several runs; NaN where no run knew it.
struct Spread {
  double median;
  double min;
  double max;
};

// Of an even number of values, the median is the mean of the two in the middle.
Spread SpreadOf(std::vector<double> values);

// The same runs' figures, by name.
class Summary {
 public:
  // Precondition: at least one run.
  explicit Summary(std::vector<Figures> runs);

  Spread At(std::string_view name) const;
  double Median(std::string_view name) const { return At(name).median; }
  const std::vector<Figures>& runs() const { return runs_; }

  // An object: each figure's name with its median; under `min` and `max` the same of those.
  nlohmann::ordered_json ToJson() const;

 private:
  std::vector<Figures> runs_;
};

// Nearest-rank: the smallest value that at least `share` of all do not exceed, in milliseconds; NaN
// if there is none. Precondition: sorted.
double PercentileMs(const std::vector<std::chrono::nanoseconds>& sorted, double share);

// Null for what JSON cannot say.
nlohmann::ordered_json JsonNumber(double value);

}  // namespace tasker::bench
