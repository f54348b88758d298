#include "clients/bench/figures.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tasker::bench {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

}  // namespace

void Figures::Set(std::string_view name, double value) {
  for (auto& [known, old] : values_) {
    if (known == name) {
      old = value;
      return;
    }
  }
  values_.emplace_back(name, value);
}

double Figures::Get(std::string_view name) const {
  for (const auto& [known, value] : values_) {
    if (known == name) return value;
  }
  return kUnknown;
}

Spread SpreadOf(std::vector<double> values) {
  std::erase_if(values, [](double value) { return std::isnan(value); });
  if (values.empty()) return {kUnknown, kUnknown, kUnknown};
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  const double median =
      values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
  return {median, values.front(), values.back()};
}

Summary::Summary(std::vector<Figures> runs) : runs_(std::move(runs)) {}

Spread Summary::At(std::string_view name) const {
  std::vector<double> values;
  values.reserve(runs_.size());
  for (const Figures& run : runs_) values.push_back(run.Get(name));
  return SpreadOf(std::move(values));
}

nlohmann::ordered_json Summary::ToJson() const {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  nlohmann::ordered_json min = nlohmann::ordered_json::object();
  nlohmann::ordered_json max = nlohmann::ordered_json::object();
  for (const auto& [name, value] : runs_.front().all()) {
    const Spread spread = At(name);
    json[name] = JsonNumber(spread.median);
    min[name] = JsonNumber(spread.min);
    max[name] = JsonNumber(spread.max);
  }
  json["min"] = std::move(min);
  json["max"] = std::move(max);
  return json;
}

double PercentileMs(const std::vector<std::chrono::nanoseconds>& sorted, double share) {
  if (sorted.empty()) return kUnknown;
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  const std::chrono::duration<double, std::milli> value =
      sorted[std::max<std::size_t>(rank, 1) - 1];
  return value.count();
}

nlohmann::ordered_json JsonNumber(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json();
}

}  // namespace tasker::bench
