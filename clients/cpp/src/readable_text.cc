#include "clients/cpp/src/readable_text.h"

#include "tasker/client/json.h"

namespace tasker::client {

std::string ReadableText(std::string_view text, std::size_t bytes_max) {
  std::string kept(text.substr(0, bytes_max));
  if (text.size() > bytes_max) kept += "... (cut)";
  return Json::parse(Json(kept).dump(-1, ' ', false, Json::error_handler_t::replace))
      .get<std::string>();
}

}  // namespace tasker::client
