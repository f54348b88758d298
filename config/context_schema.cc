#include "config/context_schema.h"

#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include <nlohmann/json.hpp>

#include "config/schema_guard.h"
#include "config/schema_keywords.h"
#include "config/valijson.h"

namespace tasker::config {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kExplainedBytesMax = 256u << 10;

// valijson gives a path as `<root>`, `["order"]`, `[2]`; this is the JSON Pointer (RFC 6901) to it.
std::string PointerTo(const std::vector<std::string>& path) {
  std::string pointer;
  for (std::size_t i = 1; i < path.size(); ++i) {
    std::string_view part = path[i];
    if (part.starts_with('[') && part.ends_with(']')) part = part.substr(1, part.size() - 2);
    if (part.size() >= 2 && part.starts_with('"')) part = part.substr(1, part.size() - 2);
    absl::StrAppend(&pointer, "/",
                    absl::StrReplaceAll(absl::string_view(part.data(), part.size()),
                                        {{"~", "~0"}, {"/", "~1"}}));
  }
  return pointer;
}

const Json* ValueAt(const Json& document, const std::string& pointer) {
  const Json::json_pointer place(pointer);
  return document.contains(place) || pointer.empty() ? &document.at(place) : nullptr;
}

// The part of the schema that a place in the document is held to, as far as `properties` and
// `items` lead there; null if they do not.
const Json* SchemaAt(const Json& schema, const Json::json_pointer& place) {
  if (place.empty()) return &schema;
  const Json* parent = SchemaAt(schema, place.parent_pointer());
  if (parent == nullptr || !parent->is_object()) return nullptr;
  if (const auto properties = parent->find("properties");
      properties != parent->end() && properties->contains(place.back())) {
    return &properties->at(place.back());
  }
  const auto items = parent->find("items");
  return items != parent->end() && items->is_object() ? &*items : nullptr;
}

// valijson's reason, with what is there and what would be right where it says neither.
std::string ReasonFor(const std::string& said, const Json& schema, const Json& document,
                      const std::string& pointer) {
  const Json* held_to = SchemaAt(schema, Json::json_pointer(pointer));
  const Json* value = ValueAt(document, pointer);
  if (held_to != nullptr && value != nullptr && held_to->is_object()) {
    if (absl::StrContains(said, "'type'") && held_to->contains("type")) {
      return absl::StrCat("must be of type ", held_to->at("type").dump(), ", is ",
                          value->type_name());
    }
    if (absl::StrContains(said, "enum") && held_to->contains("enum")) {
      return absl::StrCat("must be one of ", held_to->at("enum").dump(), ", is ", value->dump());
    }
  }
  return said;
}

// Whether valijson only tells that something further down, which it tells of as well, is wrong.
bool IsEcho(const std::string& said) {
  return absl::StartsWith(said, "Failed to validate against schema associated with") ||
         absl::StartsWith(said, "Failed to validate item #");
}

}  // namespace

struct ContextSchema::Compiled {
  Json json;
  valijson::Schema schema;
};

ContextSchema::ContextSchema(std::unique_ptr<Compiled> compiled) : compiled_(std::move(compiled)) {}
ContextSchema::ContextSchema(ContextSchema&&) noexcept = default;
ContextSchema& ContextSchema::operator=(ContextSchema&&) noexcept = default;
ContextSchema::~ContextSchema() = default;

absl::StatusOr<ContextSchema> ContextSchema::Compile(std::string_view schema_json) {
  auto compiled = std::make_unique<Compiled>();
  try {
    compiled->json = Json::parse(schema_json);
    if (absl::Status taken = CheckSchema(compiled->json); !taken.ok()) return taken;
    const std::string draft =
        compiled->json.is_object() ? compiled->json.value("$schema", "") : std::string();
    valijson::SchemaParser parser(absl::StrContains(draft, "draft-04")
                                      ? valijson::SchemaParser::kDraft4
                                      : valijson::SchemaParser::kDraft7);
    AddOwnKeywords(parser);
    const Json own = WithOwnKeywords(compiled->json);
    // Without a function to fetch documents, a reference to a remote one is an error.
    parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(own), compiled->schema);
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat("is not a JSON Schema: ", error.what()));
  }
  return ContextSchema(std::move(compiled));
}

std::vector<SchemaFault> ContextSchema::Check(std::string_view document_json) const {
  std::vector<SchemaFault> faults;
  try {
    const Json document = Json::parse(document_json);
    valijson::Validator validator;
    const valijson::adapters::NlohmannJsonAdapter target(document);
    if (validator.validate(compiled_->schema, target, nullptr)) return faults;
    if (document_json.size() > kExplainedBytesMax) {
      // The library gathers a fault for each of millions of items before it can be stopped.
      faults.push_back({"", absl::StrCat("does not satisfy the schema; with ", document_json.size(),
                                         " bytes it is too long to name each fault")});
      return faults;
    }
    valijson::ValidationResults results;
    validator.validate(compiled_->schema, target, &results);
    for (valijson::ValidationResults::Error error;
         faults.size() < kFaultsMax && results.popError(error);) {
      if (IsEcho(error.description)) continue;
      std::string pointer = PointerTo(error.context);
      std::string reason = ReasonFor(error.description, compiled_->json, document, pointer);
      faults.push_back({std::move(pointer), std::move(reason)});
    }
    if (faults.empty()) faults.push_back({"", "does not satisfy the schema"});
  } catch (const std::exception& error) {
    faults.push_back({"", absl::StrCat("cannot be checked: ", error.what())});
  }
  return faults;
}

}  // namespace tasker::config
