#include "clients/http_handler/response_rules.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "tasker/client/errors.h"
#include "tasker/http/response_check.h"

namespace tasker::http_handler {
namespace {

using client::Json;
using client::PermanentError;

std::optional<int> StatusOf(std::string_view text) {
  int status = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), status);
  if (error != std::errc() || rest != text.data() + text.size()) return std::nullopt;
  if (status < 100 || status > 599) return std::nullopt;
  return status;
}

std::optional<std::pair<int, int>> RangeOf(const Json& value) {
  const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  if (text.size() == 3 && text[0] >= '1' && text[0] <= '5' && (text[1] == 'x' || text[1] == 'X') &&
      text[1] == text[2]) {
    const int first = (text[0] - '0') * 100;
    return std::pair(first, first + 99);
  }
  const std::size_t dash = text.find('-');
  const std::optional<int> first = StatusOf(std::string_view(text).substr(0, dash));
  const std::optional<int> last =
      dash == std::string::npos ? first : StatusOf(std::string_view(text).substr(dash + 1));
  if (!first || !last || *first > *last) return std::nullopt;
  return std::pair(*first, *last);
}

}  // namespace

ExpectedStatus::ExpectedStatus(const Json& config) {
  if (config.is_null()) {
    ranges_.emplace_back(200, 299);
    return;
  }
  const Json list = config.is_array() ? config : Json::array({config});
  for (const Json& each : list) {
    const auto range = RangeOf(each);
    if (!range) {
      throw PermanentError("handler_config.expected_status: " + each.dump() +
                           " is neither a status, `200-299` nor `2xx`");
    }
    ranges_.push_back(*range);
  }
}

bool ExpectedStatus::Contains(int status) const {
  return std::any_of(ranges_.begin(), ranges_.end(), [status](const auto& range) {
    return status >= range.first && status <= range.second;
  });
}

void ExpectedStatus::Require(const http::HttpResponse& response) const {
  if (!Contains(response.status)) http::ThrowFor(response);
}

ResultSelection::ResultSelection(const Json& config) {
  if (config.is_null()) return;
  all_ = false;
  if (!config.is_object()) {
    throw PermanentError("handler_config.results: must be an object of names and paths");
  }
  for (const auto& [name, value] : config.items()) {
    const std::optional<JsonPath> path =
        value.is_string() ? ParsePath(value.get_ref<const std::string&>()) : std::nullopt;
    if (!path || path->segments.empty()) {
      throw PermanentError("handler_config.results." + name + ": " + value.dump() +
                           " is no path such as `body.items[0].id` or `/body/items/0/id`");
    }
    chosen_.emplace_back(name, *path);
  }
}

Json ResultSelection::Select(const http::HttpResponse& response) const {
  const Json whole = http::ResultsOf(response);
  if (all_) return whole;
  Json results = Json::object();
  for (const auto& [name, path] : chosen_) {
    const Json* const found = path.Find(whole);
    results[name] = found != nullptr ? *found : Json();
  }
  return results;
}

}  // namespace tasker::http_handler
