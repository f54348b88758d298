#include "service/tasks/task_identity.h"

#include <array>
#include <string>

#include "absl/strings/str_cat.h"
#include <nlohmann/json.hpp>
#include <openssl/sha.h>

namespace tasker::service {
namespace {

engine::TaskId IdOf(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  digest[6] = static_cast<unsigned char>((digest[6] & 0x0f) | 0x80);
  digest[8] = static_cast<unsigned char>((digest[8] & 0x3f) | 0x80);
  return *engine::TaskId::FromBytes(
      {reinterpret_cast<const char*>(digest.data()), engine::TaskId::kSize});
}

// Lengths in front, so that no two lists of parts make the same text.
std::string Joined(std::initializer_list<std::string_view> parts) {
  std::string joined;
  for (const std::string_view part : parts) {
    absl::StrAppend(&joined, part.size(), ":");
    joined.append(part);
  }
  return joined;
}

}  // namespace

absl::StatusOr<std::optional<engine::TaskId>> SharedTaskId(
    const engine::TaskTemplate& task_template, std::string_view idempotency_key,
    std::string_view context_json) {
  const engine::TemplateId& id = task_template.id;
  if (!idempotency_key.empty()) {
    return IdOf(Joined({"key", id.namespace_name, id.name, idempotency_key}));
  }
  switch (task_template.identity) {
    case engine::Identity::kAlwaysUnique:
      return std::nullopt;
    case engine::Identity::kByKey:
      return absl::InvalidArgumentError(
          absl::StrCat("idempotency_key: the template ", id.ToString(), " demands one"));
    case engine::Identity::kByContext:
      break;
  }
  // Checked before: an object. nlohmann::json keeps its keys in order.
  const nlohmann::json context = nlohmann::json::parse(context_json, nullptr, false);
  return IdOf(Joined({"context", id.namespace_name, id.name, id.version, context.dump()}));
}

}  // namespace tasker::service
