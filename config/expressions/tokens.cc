#include "config/expressions/tokens.h"

#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace tasker::config {
namespace {

using Kind = ExpressionToken::Kind;

bool BeginsWord(char c) {
  return absl::ascii_isalpha(static_cast<unsigned char>(c)) || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool InWord(char c) {
  return BeginsWord(c) || absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '-';
}

bool IsDigit(std::string_view text, std::size_t at) {
  return at < text.size() && absl::ascii_isdigit(static_cast<unsigned char>(text[at]));
}

// The end of the number that begins at `at`.
std::size_t NumberEnd(std::string_view text, std::size_t at) {
  const auto digits = [&] {
    while (IsDigit(text, at)) ++at;
  };
  if (text[at] == '-') ++at;
  digits();
  if (at < text.size() && text[at] == '.' && IsDigit(text, at + 1)) {
    ++at;
    digits();
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    const std::size_t sign = at + 1 < text.size() && (text[at + 1] == '-' || text[at + 1] == '+');
    if (IsDigit(text, at + 1 + sign)) {
      at += 1 + sign;
      digits();
    }
  }
  return at;
}

// Reads the quoted string that begins at `at`, and moves `at` behind it.
absl::StatusOr<std::string> Quoted(std::string_view text, std::size_t& at) {
  const std::size_t start = at;
  const char quote = text[at++];
  std::string value;
  for (; at < text.size(); ++at) {
    if (text[at] == quote) {
      ++at;
      return value;
    }
    if (text[at] == '\\' && at + 1 < text.size()) {
      ++at;
      value.push_back(text[at] == 'n' ? '\n' : text[at] == 't' ? '\t' : text[at]);
    } else {
      value.push_back(text[at]);
    }
  }
  return ExpressionError(start + 1, "the string has no end");
}

}  // namespace

absl::Status ExpressionError(std::size_t column, std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("column ", column, ": ", std::string(what)));
}

absl::StatusOr<std::vector<ExpressionToken>> SplitExpression(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 19> kSigns = {{{"==", "=="},
                                                                                     {"!=", "!="},
                                                                                     {"<=", "<="},
                                                                                     {">=", ">="},
                                                                                     {"&&", "and"},
                                                                                     {"||", "or"},
                                                                                     {"<", "<"},
                                                                                     {">", ">"},
                                                                                     {"!", "not"},
                                                                                     {"(", "("},
                                                                                     {")", ")"},
                                                                                     {"[", "["},
                                                                                     {"]", "]"},
                                                                                     {",", ","},
                                                                                     {".", "."},
                                                                                     {"{", "{"},
                                                                                     {"}", "}"},
                                                                                     {"=", "="},
                                                                                     {"+", "+"}}};
  std::vector<ExpressionToken> tokens;
  std::size_t at = 0;
  while (true) {
    while (at < text.size() && absl::ascii_isspace(static_cast<unsigned char>(text[at]))) ++at;
    ExpressionToken token;
    token.column = at + 1;
    if (at == text.size()) {
      tokens.push_back(std::move(token));
      return tokens;
    }
    const char c = text[at];
    if (BeginsWord(c)) {
      const std::size_t start = at;
      while (at < text.size() && InWord(text[at])) ++at;
      token.kind = Kind::kWord;
      token.text = std::string(text.substr(start, at - start));
    } else if (IsDigit(text, at) || (c == '-' && IsDigit(text, at + 1))) {
      const std::size_t end = NumberEnd(text, at);
      token.kind = Kind::kLiteral;
      token.value = ExpressionJson::parse(text.substr(at, end - at), nullptr, false);
      if (token.value.is_discarded()) return ExpressionError(token.column, "is not a number");
      at = end;
    } else if (c == '"' || c == '\'') {
      absl::StatusOr<std::string> value = Quoted(text, at);
      if (!value.ok()) return value.status();
      token.kind = Kind::kLiteral;
      token.value = *std::move(value);
    } else {
      for (const auto& [sign, meaning] : kSigns) {
        if (!text.substr(at).starts_with(sign)) continue;
        token.kind = Kind::kSign;
        token.text = std::string(meaning);
        at += sign.size();
        break;
      }
      if (token.kind == Kind::kEnd) {
        return ExpressionError(token.column,
                               absl::StrCat("`", std::string(1, c), "` has no meaning here"));
      }
    }
    tokens.push_back(std::move(token));
  }
}

}  // namespace tasker::config
