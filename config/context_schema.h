// Checking a task's context against its template's JSON Schema.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace tasker::config {

// One way in which a document breaks its schema.
struct SchemaFault {
  // JSON Pointer to the place in the document; empty: the whole.
  std::string pointer;
  // What is wrong there and what would be right.
  std::string reason;
};

// The most faults of one document that are told.
inline constexpr std::size_t kFaultsMax = 100;

// A compiled JSON Schema: draft 4 if `$schema` says so, otherwise draft 7. References lead to
// places of the same schema only; patterns are RE2's (no look-around, no back-references); what
// else is not taken says schema_guard.h. Immutable; safe to use from several threads.
class ContextSchema {
 public:
  // Error: INVALID_ARGUMENT if `schema_json` is not a JSON Schema; the message says where and why.
  static absl::StatusOr<ContextSchema> Compile(std::string_view schema_json);

  ContextSchema(ContextSchema&&) noexcept;
  ContextSchema& operator=(ContextSchema&&) noexcept;
  ~ContextSchema();

  // The faults of a document, at most kFaultsMax; empty if it is valid. A text that is not JSON is
  // one fault.
  std::vector<SchemaFault> Check(std::string_view document_json) const;

 private:
  struct Compiled;
  explicit ContextSchema(std::unique_ptr<Compiled> compiled);

  std::unique_ptr<Compiled> compiled_;
};

}  // namespace tasker::config
