#include "clients/sinks/redrive.h"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <thread>
#include <unistd.h>
#include <utility>

#include "absl/strings/str_cat.h"
#include <sys/file.h>

#include "clients/sinks/dead_letters.h"
#include "clients/sinks/deliverer.h"
#include "clients/sinks/line_file.h"
#include "clients/sinks/sink_metrics.h"

namespace tasker::sinks {
namespace {

constexpr std::size_t kComplaintsMax = 10;

class Redriver {
 public:
  Redriver(const config::SinkSettings& settings, std::unique_ptr<Target> target, std::string path)
      : settings_(settings),
        path_(std::move(path)),
        work_(path_ + ".redriving"),
        series_(metrics_.Of(settings.name)),
        deliverer_(settings, std::move(target), series_),
        clearer_([this] { Clear(); }) {}

  ~Redriver() {
    done_ = true;
    deliverer_.Interrupt();
    clearer_.join();
  }

  absl::StatusOr<RedriveReport> Run() {
    // Held until the end, so that no other redrive takes the same file; the kernel lets go of it
    // whatever happens.
    const std::string lock_path = path_ + ".lock";
    const Descriptor lock(open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
    if (!lock.is_open()) return SystemError("cannot open", lock_path);
    if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
      return absl::FailedPreconditionError(
          absl::StrCat("another redrive of ", path_, " is running"));
    }
    const bool had_rest = access(work_.c_str(), F_OK) == 0;
    if (had_rest) {
      if (absl::Status sent = SendFile(); !sent.ok()) return sent;
    }
    const absl::Status taken = TakeAwayDeadLetters(path_, work_);
    if (taken.ok()) {
      if (absl::Status sent = SendFile(); !sent.ok()) return sent;
    } else if (!absl::IsNotFound(taken) || !had_rest) {
      return taken;
    }
    report_.delivered = static_cast<std::uint64_t>(series_.delivered.Value());
    report_.failed = static_cast<std::uint64_t>(series_.dead_lettered.Value());
    return report_;
  }

 private:
  // All of the work file, and removes it.
  absl::Status SendFile() {
    std::ifstream file(work_, std::ios::binary);
    if (!file) return SystemError("cannot open", work_);
    std::string line;
    for (std::uint64_t number = 1; std::getline(file, line); ++number) {
      if (line.empty()) continue;
      if (absl::Status status = SendLine(line, number); !status.ok()) return status;
    }
    if (file.bad()) return SystemError("cannot read", work_);
    // Each is delivered, or among the dead letters again: a file of its own, or this one's
    // successor.
    deliverer_.AwaitEmpty();
    if (std::remove(work_.c_str()) != 0) return SystemError("cannot remove", work_);
    return absl::OkStatus();
  }

  absl::Status SendLine(const std::string& line, std::uint64_t number) {
    absl::StatusOr<DeadLetter> letter = ParseDeadLetter(line, settings_.cloudevents);
    if (!letter.ok()) {
      if (report_.complaints.size() < kComplaintsMax) {
        report_.complaints.push_back(
            absl::StrCat(path_, ":", number, ": ", std::string(letter.status().message())));
      }
      return Leave(line);
    }
    if (letter->sink != settings_.name) return Leave(line);
    // Its attempts of before were one life's; this is another.
    if (!deliverer_.Add(std::move(letter->event), std::to_string(number))) {
      return absl::UnavailableError("stopped");
    }
    return absl::OkStatus();
  }

  // Nothing is thrown away: what is not this sink's goes back.
  absl::Status Leave(const std::string& line) {
    ++report_.left;
    return AppendDeadLetterLine(path_, line);
  }

  // There is nobody to acknowledge to: what is dealt with makes room.
  void Clear() {
    while (!done_) {
      if (deliverer_.AwaitAcknowledgeable(std::chrono::seconds(1))) deliverer_.NoteAcknowledged();
    }
  }

  const config::SinkSettings& settings_;
  const std::string path_;
  const std::string work_;
  Metrics metrics_;
  SinkMetrics series_;
  RedriveReport report_;
  Deliverer deliverer_;
  std::atomic<bool> done_ = false;
  std::thread clearer_;
};

}  // namespace

absl::StatusOr<RedriveReport> Redrive(const config::SinkSettings& settings,
                                      std::unique_ptr<Target> target, const std::string& path) {
  if (settings.dead_letter_file.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the sink ", settings.name, " has no `dead_letter`, where those belong that fail again"));
  }
  return Redriver(settings, std::move(target), path).Run();
}

}  // namespace tasker::sinks
