#include "tasker/client/security.h"

#include <string_view>

#include "clients/cpp/src/text_file.h"

namespace tasker::client {
namespace {

std::string Trimmed(const std::string& text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

}  // namespace

std::string TokenSource::Get() const { return Trimmed(current_ ? current_() : fixed_); }

TokenSource TokenFromFile(std::string path) {
  return TokenSource([path = std::move(path)] { return ReadTextFile(path); });
}

}  // namespace tasker::client
