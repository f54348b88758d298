// The text of catalog.yaml, put into the program by embed_catalog.cmake.
#pragma once

#include <string_view>

namespace tasker::config {

extern const std::string_view kEmbeddedCatalog;

}  // namespace tasker::config
