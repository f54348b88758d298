#include "engine/model/ids.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace tasker::engine {
namespace {

constexpr std::size_t kTextLength = 36;

constexpr bool IsDashPlace(std::size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

}  // namespace

std::optional<TaskId> TaskId::FromBytes(std::string_view bytes) {
  if (bytes.size() != kSize) return std::nullopt;
  TaskId id;
  std::copy(bytes.begin(), bytes.end(), id.bytes_.begin());
  return id;
}

std::optional<TaskId> TaskId::Parse(std::string_view text) {
  if (text.size() != kTextLength) return std::nullopt;
  std::string digits;
  digits.reserve(2 * kSize);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (IsDashPlace(i)) {
      if (text[i] != '-') return std::nullopt;
    } else {
      if (!absl::ascii_isxdigit(static_cast<unsigned char>(text[i]))) return std::nullopt;
      digits.push_back(text[i]);
    }
  }
  return FromBytes(absl::HexStringToBytes(digits));
}

std::string TaskId::ToString() const {
  const std::string digits = absl::BytesToHexString(absl::string_view(bytes_.data(), kSize));
  std::string text;
  text.reserve(kTextLength);
  for (const char digit : digits) {
    if (IsDashPlace(text.size())) text.push_back('-');
    text.push_back(digit);
  }
  return text;
}

std::string StepIdText(const TaskId& task, StepIndex step) {
  return absl::StrCat(task.ToString(), ".", Raw(step));
}

}  // namespace tasker::engine
