#include "service/handlers/register_check.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include <google/protobuf/unknown_field_set.h>

namespace tasker::service {
namespace {

namespace pb = google::protobuf;

constexpr std::size_t kNameBytesMax = 128;
constexpr std::size_t kHandlerClassBytesMax = 256;
constexpr int kHandlerClassesMax = 10'000;
constexpr std::uint32_t kConcurrencyMax = 100'000;

void CollectUnknown(const pb::Message& message, const std::string& path,
                    std::vector<std::string>& found) {
  const pb::Reflection& reflection = *message.GetReflection();
  const pb::UnknownFieldSet& unknown = reflection.GetUnknownFields(message);
  for (int i = 0; i < unknown.field_count(); ++i) {
    found.push_back(
        absl::StrCat(path.empty() ? "message" : path, ": field ", unknown.field(i).number()));
  }
  std::vector<const pb::FieldDescriptor*> set;
  reflection.ListFields(message, &set);
  for (const pb::FieldDescriptor* field : set) {
    if (field->cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE || field->is_map()) continue;
    const std::string name = absl::StrCat(path, path.empty() ? "" : ".", field->name());
    if (!field->is_repeated()) {
      CollectUnknown(reflection.GetMessage(message, field), name, found);
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      CollectUnknown(reflection.GetRepeatedMessage(message, field, i),
                     absl::StrCat(name, "[", i, "]"), found);
    }
  }
}

absl::Status Wrong(std::string_view where, std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(std::string(where), ": ", std::string(what)));
}

absl::Status CheckName(const std::string& value, std::string_view where, std::size_t bytes_max) {
  if (value.empty()) return Wrong(where, "is required");
  if (value.size() <= bytes_max) return absl::OkStatus();
  return Wrong(where, absl::StrCat(value.size(), " bytes are over the limit of ", bytes_max));
}

absl::Status CheckFields(const v1::Register& asked) {
  if (absl::Status name = CheckName(asked.name(), "register.name", kNameBytesMax); !name.ok()) {
    return name;
  }
  if (absl::Status id = CheckName(asked.instance_id(), "register.instance_id", kNameBytesMax);
      !id.ok()) {
    return id;
  }
  if (asked.concurrency() == 0 || asked.concurrency() > kConcurrencyMax) {
    return Wrong("register.concurrency",
                 absl::StrCat("must be 1 to ", kConcurrencyMax, ", is ", asked.concurrency()));
  }
  const int classes = asked.handler_classes_size() + asked.task_handler_classes_size();
  if (classes == 0) {
    return Wrong("register.handler_classes",
                 "at least one, or one of `task_handler_classes`, is required");
  }
  if (classes > kHandlerClassesMax) {
    return Wrong("register.handler_classes",
                 absl::StrCat(classes, " classes are over the limit of ", kHandlerClassesMax));
  }
  return absl::OkStatus();
}

// Appends the classes of the field `field`, under the names that the engine knows them by.
absl::Status TakeClasses(const pb::RepeatedPtrField<v1::HandlerClass>& classes,
                         std::string_view field, std::string (*name_of)(std::string_view),
                         engine::RegisterHandler& command) {
  for (int i = 0; i < classes.size(); ++i) {
    const v1::HandlerClass& served = classes[i];
    const std::string where =
        absl::StrCat("register.", std::string(field), "[", i, "].handler_class");
    if (absl::Status name = CheckName(served.handler_class(), where, kHandlerClassBytesMax);
        !name.ok()) {
      return name;
    }
    command.classes.push_back({name_of(served.handler_class()), served.namespace_(),
                               served.version(), served.concurrency()});
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<std::string> UnknownFields(const pb::Message& message) {
  std::vector<std::string> found;
  CollectUnknown(message, "", found);
  return found;
}

absl::StatusOr<engine::RegisterHandler> CheckRegister(const v1::ConnectRequest& first,
                                                      engine::SessionId session) {
  if (const std::vector<std::string> unknown = UnknownFields(first); !unknown.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the first message has unknown fields (", absl::StrJoin(unknown, ", "),
                     "); this service speaks tasker.v1 as its reflection describes it"));
  }
  if (!first.has_register_()) {
    return Wrong("register", "the first message of the stream must have it");
  }
  if (first.results_size() > 0 || first.has_heartbeat() || first.has_drain() ||
      first.confirmed_tokens_size() > 0 || first.has_credits() || !first.access_token().empty()) {
    return Wrong("register", "the first message of the stream must have nothing else");
  }
  const v1::Register& asked = first.register_();
  if (absl::Status fields = CheckFields(asked); !fields.ok()) return fields;
  engine::RegisterHandler command{
      session, asked.name(), asked.instance_id(), asked.concurrency(), {}, {}};
  const auto as_it_is = [](std::string_view name) { return std::string(name); };
  absl::Status classes = TakeClasses(asked.handler_classes(), "handler_classes", as_it_is, command);
  if (classes.ok()) {
    classes = TakeClasses(asked.task_handler_classes(), "task_handler_classes",
                          engine::TaskHandlerRoute, command);
  }
  if (!classes.ok()) return classes;
  for (int i = 0; i < asked.held_tokens_size(); ++i) {
    const auto token = engine::AttemptToken::Decode(asked.held_tokens(i));
    if (!token) {
      return Wrong(absl::StrCat("register.held_tokens[", i, "]"),
                   "is not a token of an assignment");
    }
    command.held.push_back(*token);
  }
  command.labels.insert(asked.labels().begin(), asked.labels().end());
  command.confirms = asked.confirms_assignments();
  command.by_credits =
      std::ranges::find(asked.features(), v1::PROTOCOL_FEATURE_CREDITS) != asked.features().end();
  return command;
}

}  // namespace tasker::service
