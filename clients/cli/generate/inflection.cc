#include "clients/cli/generate/inflection.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_replace.h"

namespace tasker::cli::generate {
namespace {

bool IsUpper(char c) { return absl::ascii_isupper(static_cast<unsigned char>(c)); }
bool IsLower(char c) { return absl::ascii_islower(static_cast<unsigned char>(c)); }
bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }

// Whether a word begins at `at`: `orderP|rocess`, `HTTPF|etch`.
bool BeginsWord(std::string_view name, std::size_t at) {
  if (at == 0 || !IsUpper(name[at])) return false;
  const char before = name[at - 1];
  if (IsLower(before) || IsDigit(before)) return true;
  return IsUpper(before) && at + 1 < name.size() && IsLower(name[at + 1]);
}

}  // namespace

std::string Snake(std::string_view name) {
  std::string snake;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (BeginsWord(name, i)) snake += '_';
    snake += name[i] == '-' ? '_' : absl::ascii_tolower(static_cast<unsigned char>(name[i]));
  }
  return snake;
}

std::string Camel(std::string_view name) {
  if (!name.empty() && IsUpper(name[0]) && name.find_first_of("_-") == std::string_view::npos) {
    return std::string(name);
  }
  std::string camel;
  bool word_begins = true;
  for (const char c : name) {
    if (c == '_' || c == '-') {
      word_begins = true;
      continue;
    }
    camel += word_begins ? absl::ascii_toupper(static_cast<unsigned char>(c)) : c;
    word_begins = false;
  }
  return camel;
}

std::string Kebab(std::string_view name) { return absl::StrReplaceAll(Snake(name), {{"_", "-"}}); }

std::string Flat(std::string_view name) { return absl::StrReplaceAll(Snake(name), {{"_", ""}}); }

bool SurvivesInflection(std::string_view name) { return Camel(Snake(name)) == name; }

}  // namespace tasker::cli::generate
