// Words that a language, or Tasker in it, keeps for itself.
#pragma once

#include <string>
#include <string_view>

#include "clients/cli/generate/language.h"

namespace tasker::cli::generate {

// Empty if `name` (in camel case) may name a class of `language` and, in that language's spelling
// of them, a module and a folder; else why not, as a part of a sentence.
std::string ReservedFor(std::string_view name, Language language);

}  // namespace tasker::cli::generate
