#include "clients/bench/metrics_page.h"

#include <cstdlib>
#include <sstream>

#include "httplib.h"

namespace tasker::bench {

absl::StatusOr<MetricsPage> MetricsPage::Fetch(const std::string& address) {
  httplib::Client client("http://" + address);
  const httplib::Result response = client.Get("/metrics");
  if (!response || response->status != 200) {
    return absl::UnavailableError("no metrics at http://" + address + "/metrics");
  }
  return MetricsPage(response->body);
}

absl::StatusOr<double> MetricsPage::Sum(std::string_view metric) const {
  double sum = 0;
  bool found = false;
  std::istringstream lines(text_);
  for (std::string line; std::getline(lines, line);) {
    // One line for each set of labels: `name{labels} value` or `name value`.
    if (!line.starts_with(metric) || line.size() == metric.size()) continue;
    const char next = line[metric.size()];
    if (next != '{' && next != ' ') continue;
    sum += std::strtod(line.substr(line.rfind(' ') + 1).c_str(), nullptr);
    found = true;
  }
  if (!found) return absl::NotFoundError("the metrics have no " + std::string(metric));
  return sum;
}

}  // namespace tasker::bench
