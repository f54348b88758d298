#include "clients/cli/generate/reserved_words.h"

#include <algorithm>
#include <span>

#include "absl/strings/str_cat.h"

#include "clients/cli/generate/inflection.h"

namespace tasker::cli::generate {
namespace {

using Words = std::span<const std::string_view>;

// Classes of Tasker that generated code extends or uses by these names.
constexpr std::string_view kTaskerClasses[] = {
    "Tasker",     "StepHandler",    "ApiStepHandler", "TaskHandler",
    "Subscriber", "BaseSubscriber", "TaskRequest",    "Task",
    "Step",       "Sequence",       "Event",          "Worker",
    "Client",     "PermanentError", "RetryableError", "BusinessError"};

// Constants that a Ruby program has: a class of that name would open them.
constexpr std::string_view kRubyClasses[] = {
    "Array",    "BasicObject", "Binding",    "Class",  "Comparable", "Complex", "Dir",
    "Encoding", "Enumerable",  "Enumerator", "Errno",  "Exception",  "Fiber",   "File",
    "Float",    "GC",          "Hash",       "IO",     "Integer",    "Kernel",  "Marshal",
    "Math",     "Method",      "Module",     "Mutex",  "Numeric",    "Object",  "Proc",
    "Process",  "Queue",       "Random",     "Range",  "Rational",   "Regexp",  "RSpec",
    "Signal",   "String",      "Struct",     "Symbol", "Thread",     "Time",    "Timeout",
    "Rails",    "JSON",        "Set",        "Logger", "Gem"};

constexpr std::string_view kTypeScriptClasses[] = {
    "Array", "Boolean", "Date",   "Error",   "Function", "Infinity", "JSON",    "Map",
    "Math",  "NaN",     "Number", "Object",  "Promise",  "Proxy",    "Reflect", "RegExp",
    "Set",   "String",  "Symbol", "WeakMap", "WeakSet",  "Record",   "Partial", "Buffer"};

// Python's modules are called as its classes in lower case, beneath `tasks`: only keywords hurt.
constexpr std::string_view kPythonKeywords[] = {
    "and",    "as",   "assert", "async",  "await",    "break", "class", "continue", "def",
    "del",    "elif", "else",   "except", "finally",  "for",   "from",  "global",   "if",
    "import", "in",   "is",     "lambda", "nonlocal", "not",   "or",    "pass",     "raise",
    "return", "try",  "while",  "with",   "yield",    "false", "none",  "true"};

constexpr std::string_view kPythonClasses[] = {"None", "True", "False", "Exception"};

// Packages of these names cannot be declared, cannot be imported, or hide what every file uses.
constexpr std::string_view kGoKeywords[] = {
    "break",       "case",    "chan",   "const",    "continue", "default",  "defer",  "else",
    "fallthrough", "for",     "func",   "go",       "goto",     "if",       "import", "interface",
    "map",         "package", "range",  "return",   "select",   "struct",   "switch", "type",
    "var",         "main",    "init",   "internal", "vendor",   "testdata", "tasker", "testing",
    "context",     "error",   "string", "any",      "nil",      "true",     "false"};

constexpr std::string_view kCppKeywords[] = {
    "alignas",  "alignof",   "and",       "and_eq",    "asm",       "auto",      "bitand",
    "bitor",    "bool",      "break",     "case",      "catch",     "char",      "class",
    "compl",    "concept",   "const",     "consteval", "constexpr", "constinit", "continue",
    "co_await", "co_return", "co_yield",  "decltype",  "default",   "delete",    "do",
    "double",   "else",      "enum",      "explicit",  "export",    "extern",    "false",
    "float",    "for",       "friend",    "goto",      "if",        "inline",    "int",
    "long",     "mutable",   "namespace", "new",       "noexcept",  "not",       "not_eq",
    "nullptr",  "operator",  "or",        "or_eq",     "private",   "protected", "public",
    "register", "requires",  "return",    "short",     "signed",    "sizeof",    "static",
    "struct",   "switch",    "template",  "this",      "throw",     "true",      "try",
    "typedef",  "typeid",    "typename",  "union",     "unsigned",  "using",     "virtual",
    "void",     "volatile",  "while",     "xor",       "xor_eq",    "std",       "tasker",
    "testing",  "absl",      "grpc"};

// `kept` are words of a language in the spelling of `name`.
bool Holds(Words kept, std::string_view name) {
  return std::find(kept.begin(), kept.end(), name) != kept.end();
}

std::string Kept(std::string_view word, std::string_view by) {
  return absl::StrCat("`", std::string(word), "` is kept by ", std::string(by));
}

}  // namespace

std::string ReservedFor(std::string_view name, Language language) {
  if (Holds(kTaskerClasses, name)) return Kept(name, "Tasker itself");
  const std::string snake = Snake(name);
  const std::string flat = Flat(name);
  switch (language) {
    case Language::kRuby:
      // Its keywords are in lower case, as no class is.
      return Holds(kRubyClasses, name) ? Kept(name, "Ruby") : "";
    case Language::kPython:
      if (Holds(kPythonKeywords, snake)) return Kept(snake, "Python");
      return Holds(kPythonClasses, name) ? Kept(name, "Python") : "";
    case Language::kTypeScript:
      return Holds(kTypeScriptClasses, name) ? Kept(name, "JavaScript") : "";
    case Language::kGo:
      return Holds(kGoKeywords, flat) ? Kept(flat, "Go") : "";
    case Language::kCpp:
      return Holds(kCppKeywords, snake) ? Kept(snake, "C++") : "";
  }
  return "";
}

}  // namespace tasker::cli::generate
