#include "service/payloads/json_check.h"

#include <simdjson.h>
#include <string>

#include "absl/strings/str_cat.h"

namespace tasker::service {

absl::Status CheckJson(std::string_view text, JsonKind kind, std::uint64_t bytes_max,
                       std::string_view what) {
  const std::string name(what);
  if (text.size() > bytes_max) {
    return absl::ResourceExhaustedError(absl::StrCat(
        name, ": ", text.size(), " bytes are over the limit of ", bytes_max, " bytes"));
  }
  // Keeps its memory from call to call; padding is copied by the library.
  thread_local simdjson::dom::parser parser;
  simdjson::dom::element value;
  if (const auto error = parser.parse(text.data(), text.size()).get(value)) {
    return absl::InvalidArgumentError(absl::StrCat(
        name, ": not valid JSON in UTF-8: ", std::string(simdjson::error_message(error))));
  }
  if (kind == JsonKind::kObject && !value.is_object()) {
    return absl::InvalidArgumentError(absl::StrCat(name, ": must be a JSON object"));
  }
  return absl::OkStatus();
}

}  // namespace tasker::service
