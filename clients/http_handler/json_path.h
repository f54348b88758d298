// Places in JSON values, as templates write them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tasker/client/json.h"

namespace tasker::http_handler {

// `items[0].price`, `items.0.price`, `headers["x-id"]`, or a JSON Pointer (RFC 6901)
// `/items/0/price`. Each segment is a key of an object, or an index of a list.
struct JsonPath {
  std::vector<std::string> segments;

  // The value there; nullptr: nothing is.
  const client::Json* Find(const client::Json& root) const { return Find(root, 0); }
  // The same, without the first `skipped` segments.
  const client::Json* Find(const client::Json& root, std::size_t skipped) const;
};

// nullopt: it is none.
std::optional<JsonPath> ParsePath(std::string_view text);

}  // namespace tasker::http_handler
