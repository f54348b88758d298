#include "config/expressions/task_roots.h"

#include <memory>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tasker::config {
namespace {

absl::StatusOr<ExpressionValue> Parse(std::string_view text, const char* what) {
  ExpressionJson json;
  if (!text.empty()) json = ExpressionJson::parse(text, nullptr, false);
  if (json.is_discarded()) {
    return absl::InvalidArgumentError(absl::StrCat(what, " cannot be read as JSON"));
  }
  return std::make_shared<const ExpressionJson>(std::move(json));
}

// Parses `text` into `document` unless that was done before.
absl::StatusOr<ExpressionValue> Once(ExpressionValue& document, std::string_view text,
                                     const char* what) {
  if (document == nullptr) {
    absl::StatusOr<ExpressionValue> parsed = Parse(text, what);
    if (!parsed.ok()) return parsed;
    document = *std::move(parsed);
  }
  return document;
}

}  // namespace

absl::StatusOr<ExpressionValue> TaskRoots::Of(const PathRoot& root) {
  switch (root.kind) {
    case PathRoot::Kind::kContext:
      return Once(context_, scope_.Context(), "the context");
    case PathRoot::Kind::kResults:
      return Once(results_[root.number], scope_.ResultsOf(engine::StepIndex{root.number}),
                  "the step's results");
    case PathRoot::Kind::kItem:
      return Once(item_, scope_.Item(), "the item");
    case PathRoot::Kind::kField:
      break;
  }
  return absl::InternalError("a template's expression has no fields");
}

}  // namespace tasker::config
