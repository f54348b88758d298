#include "clients/cli/generate/fill.h"

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include <kainjow/mustache.hpp>

namespace tasker::cli::generate {
namespace {

namespace mustache = kainjow::mustache;

mustache::data ToData(const nlohmann::json& value) {
  if (value.is_boolean()) return mustache::data(value.get<bool>());
  if (value.is_string()) return mustache::data(value.get<std::string>());
  if (value.is_array()) {
    mustache::data list(mustache::data::type::list);
    for (const nlohmann::json& item : value) list.push_back(ToData(item));
    return list;
  }
  mustache::data object(mustache::data::type::object);
  for (const auto& [key, item] : value.items()) object.set(key, ToData(item));
  return object;
}

std::string PutIntoModules(const std::string& text, const std::vector<std::string>& modules) {
  std::string out;
  std::size_t depth = 0;
  for (const std::string& module : modules) {
    absl::StrAppend(&out, std::string(2 * depth++, ' '), module, "\n");
  }
  std::vector<std::string> lines = absl::StrSplit(text, '\n');
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  for (const std::string& line : lines) {
    absl::StrAppend(&out, line.empty() ? "" : std::string(2 * depth, ' '), line, "\n");
  }
  while (depth > 0) absl::StrAppend(&out, std::string(2 * --depth, ' '), "end\n");
  return out;
}

}  // namespace

absl::StatusOr<std::string> Fill(std::string_view skeleton, const Values& values) {
  mustache::mustache parsed{std::string(skeleton)};
  if (!parsed.is_valid()) return absl::InternalError(parsed.error_message());
  // It would escape for HTML.
  parsed.set_custom_escape([](const std::string& text) { return text; });
  mustache::data data = ToData(values.fields);
  data.set("in_modules",
           mustache::lambda2{[&](const std::string& text, const mustache::renderer& render) {
             return PutIntoModules(render(text), values.modules);
           }});
  std::string filled = parsed.render(data);
  if (!parsed.is_valid()) return absl::InternalError(parsed.error_message());
  return filled;
}

}  // namespace tasker::cli::generate
