#include "service/security/access_tokens.h"

#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include <openssl/sha.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

namespace tasker::service {
namespace {

constexpr std::size_t kTokenBytesLeast = 16;

std::string HashOf(std::string_view token) {
  std::string hash(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(),
         reinterpret_cast<unsigned char*>(hash.data()));
  return hash;
}

// What changes whenever the file is written or replaced; empty: it is not there.
std::string StateOf(const std::string& file) {
  struct stat about {};
  if (stat(file.c_str(), &about) != 0) return "";
  return absl::StrCat(about.st_dev, ":", about.st_ino, ":", about.st_size, ":",
                      about.st_mtim.tv_sec, ".", about.st_mtim.tv_nsec);
}

absl::StatusOr<absl::flat_hash_map<std::string, std::string>> ReadTokens(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in) return absl::FailedPreconditionError(absl::StrCat(file, ": cannot be read"));
  absl::flat_hash_map<std::string, std::string> names;
  int number = 0;
  for (const auto& line : absl::StrSplit(text, '\n')) {
    ++number;
    const std::string trimmed(absl::StripAsciiWhitespace(line));
    if (trimmed.empty() || trimmed.front() == '#') continue;
    const std::vector<std::string> words =
        absl::StrSplit(trimmed, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    const auto wrong = [&](std::string_view why) {
      return absl::FailedPreconditionError(absl::StrCat(file, ":", number, ": ", std::string(why)));
    };
    if (words.size() > 2) return wrong("must be a token, or a name and a token");
    if (words.back().size() < kTokenBytesLeast) {
      return wrong(absl::StrCat("a token must have at least ", kTokenBytesLeast, " characters"));
    }
    names[HashOf(words.back())] =
        words.size() == 2 ? words.front() : absl::StrCat("token ", number);
  }
  if (names.empty()) return absl::FailedPreconditionError(absl::StrCat(file, ": holds no token"));
  return names;
}

}  // namespace

absl::StatusOr<std::unique_ptr<AccessTokens>> AccessTokens::Open(const std::string& file) {
  auto tokens = std::unique_ptr<AccessTokens>(new AccessTokens(file));
  absl::MutexLock lock(&tokens->mutex_);
  // First, so that a change in between is noticed.
  tokens->state_ = StateOf(file);
  absl::StatusOr<Names> names = ReadTokens(file);
  if (!names.ok()) return names.status();
  tokens->names_ = *std::move(names);
  tokens->looked_at_ = absl::Now();
  return tokens;
}

std::optional<std::string> AccessTokens::NameOf(std::string_view token) {
  const std::string hash = HashOf(token);
  absl::MutexLock lock(&mutex_);
  ReadAgainIfChanged();
  const auto found = names_.find(hash);
  return found == names_.end() ? std::nullopt : std::optional(found->second);
}

void AccessTokens::ReadAgainIfChanged() {
  const absl::Time now = absl::Now();
  if (now - looked_at_ < absl::Seconds(1) && now >= looked_at_) return;
  looked_at_ = now;
  std::string state = StateOf(file_);
  if (state == state_) return;
  absl::StatusOr<Names> names = ReadTokens(file_);
  if (!names.ok()) {
    spdlog::error("the access tokens stay as they were: {}", std::string(names.status().message()));
    return;
  }
  state_ = std::move(state);
  names_ = *std::move(names);
  spdlog::info("{} access tokens read", names_.size());
}

}  // namespace tasker::service
