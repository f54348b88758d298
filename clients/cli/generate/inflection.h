// Names in the spellings of five languages, by the rules of Rails (`underscore`, `camelize`).
//
// All take ASCII letters, digits, `_` and `-`; pure.
#pragma once

#include <string>
#include <string_view>

namespace tasker::cli::generate {

// `order_process` of `OrderProcess`, `order-process` or `order_process`; an acronym is one word:
// `http_fetch` of `HTTPFetch`.
std::string Snake(std::string_view name);

// `OrderProcess` of any spelling. What begins with a capital and has no `_` or `-` stays as it is,
// with its acronyms: `HTTPFetch`.
std::string Camel(std::string_view name);

// `order-process`.
std::string Kebab(std::string_view name);

// `orderprocess`, as Go calls its packages.
std::string Flat(std::string_view name);

// Whether Camel(Snake(name)) gives `name` again, as loaders that find a file by a class's name
// expect (Zeitwerk); not so for `HTTPFetch`.
bool SurvivesInflection(std::string_view name);

}  // namespace tasker::cli::generate
