#include "config/yaml/legacy_scalar.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include <re2/re2.h>

#include "config/yaml/yaml_json.h"

namespace tasker::config {
namespace {

constexpr std::string_view kDate = "a date";

// In the three ways of writing that YAML 1.1 knows: yes, Yes, YES.
bool IsOneOf(const std::string& word, std::span<const std::string_view> words) {
  const std::string lower = absl::AsciiStrToLower(word);
  if (std::ranges::find(words, lower) == words.end()) return false;
  std::string capitalised = lower;
  capitalised[0] = absl::ascii_toupper(static_cast<unsigned char>(capitalised[0]));
  return word == lower || word == capitalised || word == absl::AsciiStrToUpper(word);
}

std::string Digits(const std::string& text) {
  std::string digits = text;
  std::erase_if(digits, [](char c) { return c == '_' || c == ','; });
  return digits;
}

std::string InBase(const std::string& text, int base, std::size_t prefix) {
  const bool negative = text.starts_with('-');
  const std::string digits = Digits(text).substr(prefix + (negative || text[0] == '+' ? 1 : 0));
  return absl::StrCat(negative ? "-" : "", std::strtoull(digits.c_str(), nullptr, base));
}

// Psych's own sum: the first part by 60 twice, whether there are two parts or three.
std::string Sexagesimal(const std::string& text) {
  std::int64_t sum = 0;
  std::int64_t factor = 3600;
  for (const auto part : absl::StrSplit(text, ':')) {
    std::int64_t number = 0;
    if (!absl::SimpleAtoi(Digits(std::string(part)), &number)) return "a number in base 60";
    sum += number * factor;
    factor /= 60;
  }
  return absl::StrCat(sum);
}

std::string NumberInYaml11(const std::string& plain) {
  static const RE2 decimal("[-+]?[1-9][0-9]*([,_][0-9]+)+|[-+]?0[,_][0-9,_]*");
  static const RE2 octal("[-+]?0[0-7_,]+");
  static const RE2 not_octal("[-+]?0[0-9]*[89][0-9]*");
  static const RE2 binary("[-+]?0b[01_,]+");
  static const RE2 hexadecimal("[-+]?0x[0-9a-fA-F_,]+");
  static const RE2 base60("[-+]?[0-9][0-9_]*(:[0-5]?[0-9]){1,2}");
  static const RE2 base60_real(R"([-+]?[0-9][0-9_]*(:[0-5]?[0-9]){1,2}\.[0-9_]*)");
  static const RE2 real_1_2(R"([-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)[eE][-+]?[0-9]+)");
  static const RE2 real_1_1(R"([-+]?([0-9][0-9_,]*)?\.[0-9]*([eE][-+][0-9]+)?)");
  static const RE2 octal_1_2("0o[0-7]+");
  static const RE2 day("[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}");
  static const RE2 moment(
      "[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt]|\\s+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}.*");
  if (RE2::FullMatch(plain, octal)) return InBase(plain, 8, 1);
  if (RE2::FullMatch(plain, not_octal)) return "text";
  if (RE2::FullMatch(plain, decimal)) return Digits(plain);
  if (RE2::FullMatch(plain, binary)) return InBase(plain, 2, 2);
  if (RE2::FullMatch(plain, hexadecimal)) {
    // The same in both, but for the separators.
    return Digits(plain) == plain && absl::ascii_isdigit(static_cast<unsigned char>(plain[0]))
               ? ""
               : InBase(plain, 16, 2);
  }
  if (RE2::FullMatch(plain, base60)) return Sexagesimal(plain);
  if (RE2::FullMatch(plain, base60_real)) return "a number in base 60";
  if (RE2::FullMatch(plain, day) || RE2::FullMatch(plain, moment)) return std::string(kDate);
  if (RE2::FullMatch(plain, octal_1_2)) return "text";
  if (RE2::FullMatch(plain, real_1_2) && !RE2::FullMatch(plain, real_1_1)) return "text";
  return "";
}

// How it is read here, for a person.
std::string ReadingHere(const std::string& plain) {
  const nlohmann::ordered_json value = PlainToJson(plain);
  return value.is_string() ? "text" : value.dump();
}

}  // namespace

std::string ReadingInYaml11(const std::string& plain) {
  constexpr std::array<std::string_view, 2> kTrue = {"yes", "on"};
  constexpr std::array<std::string_view, 2> kFalse = {"no", "off"};
  if (plain.size() < 2) return "";
  const auto first = static_cast<unsigned char>(plain[0]);
  if (first == ':') return "a symbol";
  if (first == 'y' || first == 'Y' || first == 'n' || first == 'N' || first == 'o' ||
      first == 'O') {
    if (plain.size() > 3) return "";
    return IsOneOf(plain, kTrue) ? "true" : IsOneOf(plain, kFalse) ? "false" : "";
  }
  if (!absl::ascii_isdigit(first) && first != '-' && first != '+' && first != '.') return "";
  // Nearly every number is one of these, and the same in both.
  const bool digits =
      std::ranges::all_of(plain, [](unsigned char c) { return absl::ascii_isdigit(c) != 0; });
  if (digits && first != '0') return "";
  return NumberInYaml11(plain);
}

void WarnOfYaml11(const YamlValue& value, const std::string& path, bool is_text,
                  YamlReport& report) {
  if (!value.is_scalar() || !value.is_plain || !value.written.empty()) return;
  const std::string reading = ReadingInYaml11(value.text);
  if (reading.empty() || (is_text && reading == kDate) || report.full()) return;
  report.Warn(value.place, path,
              absl::StrCat("`", value.text, "` is ", reading,
                           " in YAML 1.1, as the Rails engine read it, and ",
                           ReadingHere(value.text), " here; write what is meant, or quote it"));
}

}  // namespace tasker::config
