#include "clients/cli/generate/fill.h"

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
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

// The library (4.1) loses blank lines behind a tag, and leaves some where an empty section stood.
// So it is given one long line, with this for the ends of lines.
constexpr char kLineEnd[] = "\x01";

// Whether nothing but one tag that shows nothing is on the line.
bool IsTagAlone(std::string_view line) {
  static constexpr std::string_view kShowNothing = "#^/!";
  return line.size() > 4 && line.starts_with("{{") &&
         kShowNothing.find(line[2]) != std::string_view::npos && line.find("}}") == line.size() - 2;
}

// As Mustache has it: a tag that is alone on its line takes the line with it.
std::string AsOneLine(std::string_view skeleton) {
  std::string one_line;
  const std::vector<std::string> lines = absl::StrSplit(std::string(skeleton), '\n');
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool ends = i + 1 < lines.size() && !IsTagAlone(lines[i]);
    absl::StrAppend(&one_line, lines[i], ends ? kLineEnd : "");
  }
  return one_line;
}

std::string PutIntoModules(const std::string& text, const std::vector<std::string>& modules) {
  std::string out;
  std::size_t depth = 0;
  for (const std::string& module : modules) {
    absl::StrAppend(&out, std::string(2 * depth++, ' '), module, kLineEnd);
  }
  std::vector<std::string> lines = absl::StrSplit(text, kLineEnd);
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  for (const std::string& line : lines) {
    absl::StrAppend(&out, line.empty() ? "" : std::string(2 * depth, ' '), line, kLineEnd);
  }
  while (depth > 0) absl::StrAppend(&out, std::string(2 * --depth, ' '), "end", kLineEnd);
  return out;
}

}  // namespace

absl::StatusOr<std::string> Fill(std::string_view skeleton, const Values& values) {
  mustache::mustache parsed{AsOneLine(skeleton)};
  if (!parsed.is_valid()) return absl::InternalError(parsed.error_message());
  // It would escape for HTML.
  parsed.set_custom_escape([](const std::string& text) { return text; });
  mustache::data data = ToData(values.fields);
  data.set("in_modules",
           mustache::lambda2{[&](const std::string& text, const mustache::renderer& render) {
             return PutIntoModules(render(text), values.modules);
           }});
  const std::string filled = parsed.render(data);
  if (!parsed.is_valid()) return absl::InternalError(parsed.error_message());
  return absl::StrReplaceAll(filled, {{kLineEnd, "\n"}});
}

}  // namespace tasker::cli::generate
