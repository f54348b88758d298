// libyaml's events, put together to a tree.
#pragma once

#include <string_view>

#include "config/yaml/yaml_document.h"

namespace tasker::config {

// The root of the text's first document, made of values of `document`; null, with an error
// reported, if there is none. An empty text has a null value for a root. See YamlDocument::Parse.
YamlValue* BuildTree(std::string_view text, YamlDocument& document, YamlReport& report);

}  // namespace tasker::config
