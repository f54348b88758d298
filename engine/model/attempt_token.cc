#include "engine/model/attempt_token.h"

#include <concepts>

namespace tasker::engine {
namespace {

constexpr char kVersion = 1;
constexpr std::size_t kEncodedSize = 1 + TaskId::kSize + 4 + 4 + 8;

template <std::unsigned_integral Number>
void AppendBigEndian(std::string& out, Number number) {
  for (std::size_t shift = sizeof(Number) * 8; shift > 0; shift -= 8) {
    out.push_back(static_cast<char>(number >> (shift - 8)));
  }
}

template <std::unsigned_integral Number>
Number ReadBigEndian(std::string_view bytes) {
  Number number = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    number = static_cast<Number>(number << 8 | static_cast<unsigned char>(bytes[i]));
  }
  return number;
}

}  // namespace

std::string AttemptToken::Encode() const {
  std::string out;
  out.reserve(kEncodedSize);
  out.push_back(kVersion);
  out.append(task.bytes());
  AppendBigEndian(out, Raw(step));
  AppendBigEndian(out, Raw(attempt));
  AppendBigEndian(out, nonce);
  return out;
}

std::optional<AttemptToken> AttemptToken::Decode(std::string_view bytes) {
  if (bytes.size() != kEncodedSize || bytes[0] != kVersion) return std::nullopt;
  bytes.remove_prefix(1);
  AttemptToken token;
  token.task = *TaskId::FromBytes(bytes.substr(0, TaskId::kSize));
  bytes.remove_prefix(TaskId::kSize);
  token.step = StepIndex{ReadBigEndian<std::uint32_t>(bytes)};
  token.attempt = AttemptNumber{ReadBigEndian<std::uint32_t>(bytes.substr(4))};
  token.nonce = ReadBigEndian<std::uint64_t>(bytes.substr(8));
  return token;
}

}  // namespace tasker::engine
