#include "clients/cli/generate/handler_name.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

#include "clients/cli/generate/inflection.h"
#include "clients/cli/generate/reserved_words.h"

namespace tasker::cli::generate {
namespace {

constexpr char kStepModule[] = "StepHandler";
constexpr char kStepSuffix[] = "Handler";
constexpr char kSubscriberSuffix[] = "Subscriber";

bool IsLetter(char c) { return absl::ascii_isalpha(static_cast<unsigned char>(c)); }
bool IsAllowed(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
}

absl::Status Wrong(std::string_view text, std::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("`", std::string(text), "` cannot be a name: ", std::string(why)));
}

// Empty if a part is well formed, else what is wrong with it.
std::string FaultOf(std::string_view part) {
  if (part.empty()) return "a part of it is empty; parts are joined by `::`";
  if (part.size() > kNamePartBytesMax) {
    return absl::StrCat("a part has at most ", kNamePartBytesMax, " letters");
  }
  for (const char c : part) {
    if (static_cast<unsigned char>(c) >= 0x80)
      return "only ASCII letters, digits and `_` may be in it";
    if (c == '/' || c == '\\' || c == '.') {
      return "it is a name, not a path: parts are joined by `::`, as in "
             "`OrderProcess::ProcessData`";
    }
    if (c == ':') return "parts are joined by `::`, as in `OrderProcess::ProcessData`";
    if (!IsAllowed(c)) return "only ASCII letters, digits and `_` may be in it";
  }
  if (!IsLetter(part.front()))
    return absl::StrCat("`", std::string(part), "` must begin with a letter");
  if (!absl::ascii_isalnum(static_cast<unsigned char>(part.back()))) {
    return absl::StrCat("`", std::string(part), "` must end with a letter or a digit");
  }
  const auto separates = [](char c) { return c == '_' || c == '-'; };
  const auto twice = std::adjacent_find(
      part.begin(), part.end(), [&](char a, char b) { return separates(a) && separates(b); });
  if (twice != part.end()) {
    return absl::StrCat("`", std::string(part), "` has nothing between two of its `_`");
  }
  return "";
}

// The parts of `text` in camel case.
absl::StatusOr<std::vector<std::string>> ReadParts(std::string_view text) {
  std::vector<std::string> parts;
  const std::vector<std::string> given = absl::StrSplit(std::string(text), "::");
  for (const std::string& part : given) {
    if (const std::string fault = FaultOf(part); !fault.empty()) return Wrong(text, fault);
    parts.push_back(Camel(part));
  }
  return parts;
}

// Without the suffix that is added again, unless nothing would be left.
std::string WithoutSuffix(const std::string& name, std::string_view suffix) {
  if (name.size() <= suffix.size() || !name.ends_with(suffix)) return name;
  return name.substr(0, name.size() - suffix.size());
}

absl::Status CheckWord(std::string_view word, std::string_view given, Language language) {
  const std::string kept = ReservedFor(word, language);
  return kept.empty() ? absl::OkStatus() : Wrong(given, kept);
}

absl::StatusOr<TaskName> MakeTaskName(std::vector<std::string> parts, std::string_view given,
                                      Language language) {
  if (parts.size() > kModulesMax + 1) {
    return Wrong(given, absl::StrCat("at most ", kModulesMax, " modules may be around a task"));
  }
  for (const std::string& part : parts) {
    if (auto status = CheckWord(part, given, language); !status.ok()) return status;
  }
  TaskName name;
  name.class_name = std::move(parts.back());
  parts.pop_back();
  name.modules = std::move(parts);
  return name;
}

absl::StatusOr<StepName> MakeStepName(TaskName task, const std::string& part,
                                      std::string_view given, Language language) {
  StepName step{.task = std::move(task), .base = WithoutSuffix(part, kStepSuffix)};
  if (auto status = CheckWord(step.ClassName(), given, language); !status.ok()) return status;
  return step;
}

}  // namespace

std::string TaskName::Full() const { return absl::StrJoin(Parts(), "::"); }

std::string TaskName::Snake() const { return generate::Snake(class_name); }

std::vector<std::string> TaskName::Parts() const {
  std::vector<std::string> parts = modules;
  parts.push_back(class_name);
  return parts;
}

std::string StepName::Snake() const { return generate::Snake(base); }

std::string StepName::ClassName() const { return base + kStepSuffix; }

std::string StepName::Full() const {
  return absl::StrCat(task.Full(), "::", kStepModule, "::", ClassName());
}

std::string SubscriberName::ClassName() const { return base + kSubscriberSuffix; }

absl::StatusOr<TaskName> ReadTaskName(std::string_view text, Language language) {
  auto parts = ReadParts(text);
  if (!parts.ok()) return parts.status();
  return MakeTaskName(*std::move(parts), text, language);
}

absl::StatusOr<StepName> ReadStepName(std::string_view text, Language language) {
  auto parts = ReadParts(text);
  if (!parts.ok()) return parts.status();
  const std::string step = parts->back();
  parts->pop_back();
  if (parts->size() > 1 && parts->back() == kStepModule) parts->pop_back();
  if (parts->empty()) {
    return Wrong(text,
                 absl::StrCat("a step is named with its task, as in `OrderProcess::", step, "`"));
  }
  auto task = MakeTaskName(*std::move(parts), text, language);
  if (!task.ok()) return task.status();
  return MakeStepName(*std::move(task), step, text, language);
}

absl::StatusOr<StepName> ReadStepOf(const TaskName& task, std::string_view text,
                                    Language language) {
  auto parts = ReadParts(text);
  if (!parts.ok()) return parts.status();
  if (parts->size() != 1) return Wrong(text, "a step of the task is named without its task here");
  return MakeStepName(task, parts->front(), text, language);
}

absl::StatusOr<SubscriberName> ReadSubscriberName(std::string_view text, Language language) {
  auto parts = ReadParts(text);
  if (!parts.ok()) return parts.status();
  if (parts->size() != 1) return Wrong(text, "a subscriber is in no module: give one name");
  SubscriberName name{.base = WithoutSuffix(parts->front(), kSubscriberSuffix)};
  if (auto status = CheckWord(name.ClassName(), text, language); !status.ok()) return status;
  return name;
}

absl::StatusOr<std::string> ReadDependency(std::string_view text) {
  auto parts = ReadParts(text);
  if (!parts.ok()) return parts.status();
  if (parts->size() != 1) return Wrong(text, "a step of the task is named without its task here");
  return generate::Snake(WithoutSuffix(parts->front(), kStepSuffix));
}

}  // namespace tasker::cli::generate
