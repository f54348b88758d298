#include "clients/sinks/dead_letters.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include <nlohmann/json.hpp>
#include <sys/file.h>

#include "clients/sinks/line_file.h"

namespace tasker::sinks {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kOwnStart = "{\"sink\":";

absl::Status Lock(const Descriptor& file, const std::string& path) {
  while (flock(file.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return SystemError("cannot lock", path);
  }
  return absl::OkStatus();
}

// Opens and locks the file that has this name then, not one that was renamed meanwhile.
absl::StatusOr<Descriptor> OpenLocked(const std::string& path) {
  while (true) {
    absl::StatusOr<Descriptor> file = OpenForAppending(path);
    if (!file.ok()) return file;
    if (absl::Status locked = Lock(*file, path); !locked.ok()) return locked;
    if (IsStill(*file, path)) return file;
  }
}

}  // namespace

std::string ToLine(const DeadLetter& letter) {
  Json json;
  json["sink"] = letter.sink;
  json["target"] = letter.target;
  json["attempts"] = letter.attempts;
  json["error"] = letter.error;
  json["failed_at"] =
      std::string(absl::FormatTime("%Y-%m-%d%ET%H:%M:%E3SZ", absl::Now(), absl::UTCTimeZone()));
  std::string line = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  line.pop_back();
  // As it was sent, digit for digit.
  return line + ",\"event\":" + letter.event.json + "}";
}

absl::StatusOr<DeadLetter> ParseDeadLetter(std::string_view line,
                                           const config::CloudEventSettings& settings) {
  const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return absl::InvalidArgumentError("it is no JSON object");
  const auto event = json.find("event");
  if (event == json.end() || !event->is_object()) {
    return absl::InvalidArgumentError("it has no `event`");
  }
  // The event's own text, not one written anew: numbers keep their digits.
  constexpr std::string_view kMember = ",\"event\":";
  const std::size_t begin = line.find(kMember);
  std::string text = event->dump();
  if (begin != std::string_view::npos) {
    std::string_view own = line.substr(begin + kMember.size());
    own = own.substr(0, own.rfind('}'));
    if (Json::parse(own, nullptr, false) == *event) text = std::string(own);
  }
  absl::StatusOr<CloudEvent> parsed = ParseCloudEvent(text, settings);
  if (!parsed.ok()) return parsed.status();
  DeadLetter letter;
  letter.event = *std::move(parsed);
  const auto text_of = [&](const char* name) -> std::string {
    const auto found = json.find(name);
    return found != json.end() && found->is_string() ? found->get<std::string>() : "";
  };
  letter.sink = text_of("sink");
  letter.target = text_of("target");
  letter.error = text_of("error");
  const auto attempts = json.find("attempts");
  if (attempts != json.end() && attempts->is_number_unsigned()) {
    letter.attempts = attempts->get<std::uint32_t>();
  }
  return letter;
}

absl::Status AppendDeadLetter(const std::string& path, const DeadLetter& letter) {
  return AppendDeadLetterLine(path, ToLine(letter));
}

absl::Status AppendDeadLetterLine(const std::string& path, std::string_view line) {
  absl::StatusOr<Descriptor> file = OpenLocked(path);
  if (!file.ok()) return file.status();
  if (absl::Status ended = EndLastLine(*file, path, kOwnStart); !ended.ok()) return ended;
  return AppendAndSync(*file, path, std::string(line) + "\n");
}

absl::Status TakeAwayDeadLetters(const std::string& from, const std::string& to) {
  // Not OpenForAppending, which would make one.
  const Descriptor file(open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) {
    if (errno == ENOENT) return absl::NotFoundError(absl::StrCat(from, ": there is none"));
    return SystemError("cannot open", from);
  }
  // Whoever writes has it locked; whoever comes later sees that it has another name.
  if (absl::Status locked = Lock(file, from); !locked.ok()) return locked;
  if (std::rename(from.c_str(), to.c_str()) != 0) return SystemError("cannot rename", from);
  return absl::OkStatus();
}

}  // namespace tasker::sinks
