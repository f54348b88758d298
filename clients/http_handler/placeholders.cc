#include "clients/http_handler/placeholders.h"

#include <optional>

#include "clients/http_handler/json_path.h"
#include "tasker/http/api_step_handler.h"

namespace tasker::http_handler {
namespace {

using client::Json;
using client::PermanentError;

constexpr std::string_view kOpen = "{{";
constexpr std::string_view kClose = "}}";

std::string_view Trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::string Quoted(std::string_view path) { return "`{{" + std::string(path) + "}}`"; }

std::string Written(const Json& value, std::string_view path, Encoding encoding) {
  switch (encoding) {
    case Encoding::kPlain:
      return http::PlainText(value);
    case Encoding::kUrl:
      if (value.is_structured() || value.is_null()) {
        throw PermanentError(Quoted(path) + " stands in a URL, but its value is " +
                             (value.is_null() ? "null" : std::string("an ") + value.type_name()));
      }
      return http::UrlEncoded(http::PlainText(value));
    case Encoding::kJson: {
      std::string text = value.dump();
      return value.is_string() ? text.substr(1, text.size() - 2) : text;
    }
  }
  return {};
}

// Calls `on_text` and `on_path` for the parts of `text`, in order.
template <typename OnText, typename OnPath>
void Split(std::string_view text, OnText on_text, OnPath on_path) {
  for (;;) {
    const std::size_t open = text.find(kOpen);
    on_text(text.substr(0, open));
    if (open == std::string_view::npos) return;
    const std::size_t close = text.find(kClose, open);
    if (close == std::string_view::npos) {
      throw PermanentError("`" + std::string(text.substr(open, 40)) + "` has no end `}}`");
    }
    on_path(Trimmed(text.substr(open + kOpen.size(), close - open - kOpen.size())));
    text.remove_prefix(close + kClose.size());
  }
}

// The path, if `text` is one placeholder and nothing else.
std::optional<std::string_view> OnlyPlaceholder(std::string_view text) {
  text = Trimmed(text);
  if (text.substr(0, kOpen.size()) != kOpen || text.size() < kOpen.size() + kClose.size() ||
      text.find(kClose) != text.size() - kClose.size()) {
    return std::nullopt;
  }
  return Trimmed(text.substr(kOpen.size(), text.size() - kOpen.size() - kClose.size()));
}

}  // namespace

Json Values::Get(std::string_view text) const {
  const std::optional<JsonPath> path = ParsePath(text);
  if (!path) throw PermanentError(Quoted(text) + " is no path such as `context.order.id`");
  const std::string& root = path->segments.front();
  const Json* found = nullptr;
  Json made;
  std::size_t skipped = 1;
  if (root == "context") {
    found = path->Find(task_.context(), skipped);
  } else if (root == "item") {
    found = path->Find(step_.item(), skipped);
  } else if (root == "task") {
    made = {{"id", task_.id()},
            {"name", task_.name()},
            {"namespace", task_.namespace_name()},
            {"version", task_.version()}};
    found = path->Find(made, skipped);
  } else if (root == "step") {
    made = {{"id", step_.id()}, {"name", step_.name()}, {"attempt_number", step_.attempt_number()}};
    if (step_.item_index()) made["item_index"] = *step_.item_index();
    found = path->Find(made, skipped);
  } else if (root == "steps" && path->segments.size() > 2) {
    const client::SequenceStep& earlier = sequence_.find_step_by_name(path->segments[1]);
    skipped = 3;
    made = earlier.state();
    if (path->segments[2] == "results") found = path->Find(earlier.results(), skipped);
    if (path->segments[2] == "state") found = path->Find(made, skipped);
  } else {
    throw PermanentError(Quoted(text) +
                         " begins with none of context, steps.NAME.results, item, task, step");
  }
  if (found == nullptr) throw PermanentError(Quoted(text) + " has no value: nothing is there");
  return *found;
}

std::string Fill(const std::string& text, const Values& values, Encoding encoding) {
  std::string filled;
  Split(
      text, [&](std::string_view part) { filled += part; },
      [&](std::string_view path) { filled += Written(values.Get(path), path, encoding); });
  return filled;
}

Json Fill(const Json& json, const Values& values) {
  if (json.is_string()) {
    const auto& text = json.get_ref<const std::string&>();
    if (const auto only = OnlyPlaceholder(text)) return values.Get(*only);
    return Fill(text, values, Encoding::kPlain);
  }
  if (!json.is_structured()) return json;
  Json filled = json;
  for (Json& element : filled) element = Fill(element, values);
  return filled;
}

}  // namespace tasker::http_handler
