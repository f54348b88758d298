#include "service/templates/template_files.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include <openssl/sha.h>
#include <spdlog/spdlog.h>

#include "engine/tasks/record_codec.h"
#include "service/pipeline/clock.h"

namespace tasker::service {
namespace {

using State = TemplateFile::State;

// What is applied together, and stored in one commit.
constexpr std::size_t kPieceBytes = 8u << 20;
constexpr std::size_t kPieceFiles = 512;
// A change of a file within the same tick of the file system's clock does not show in its stamp.
// The coarsest that is mounted (FAT's) ticks every two seconds.
constexpr std::int64_t kTickNs = 2'000'000'000;
// Whoever writes to a file without end is not waited for.
constexpr int kUnsettledLooksMax = 100;
constexpr std::size_t kProblemBytesMax = 8u << 10;

std::string DigestOf(std::string_view text) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

std::string Cut(std::string text) {
  if (text.size() <= kProblemBytesMax) return text;
  text.resize(kProblemBytesMax);
  // Whole lines, so that no character is cut in two.
  if (const std::size_t end = text.rfind('\n'); end != std::string::npos) text.resize(end);
  return text + "\nand more";
}

// Time since the file was changed in any way; the file's own time may say anything.
std::int64_t AgeNs(const FileStamp& stamp) {
  return engine::ToMicros(ReadClock()) * 1000 - stamp.changed_ns;
}

std::string WithoutTrailingSlash(std::string folder) {
  while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
  return folder;
}

}  // namespace

std::size_t FolderReport::CountOf(State state) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(files, [state](const auto& file) { return file->state == state; }));
}

// What one look has to say: so many lines, and then how many more there would be.
class TemplateFiles::Log {
 public:
  ~Log() {
    if (left_out_ == 0) return;
    spdlog::warn("templates: {} lines more are left out; `tasker template files` names each file",
                 left_out_);
  }

  // The summary counts what was well, so that nobody misses a line of that.
  void Say(spdlog::level::level_enum level, const std::string& line) {
    int& lines = level == spdlog::level::info ? good_lines_ : bad_lines_;
    if (lines < kLinesMax) {
      ++lines;
      spdlog::log(level, line);
    } else if (level != spdlog::level::info) {
      ++left_out_;
    }
  }

 private:
  static constexpr int kLinesMax = 100;
  int good_lines_ = 0;
  int bad_lines_ = 0;
  std::size_t left_out_ = 0;
};

struct TemplateFiles::Piece {
  std::vector<TemplateRegistry::Source> sources;
  // Of each source.
  std::vector<std::pair<Known*, std::string>> files;
  std::size_t bytes = 0;
};

TemplateFiles::TemplateFiles(std::string folder, TemplateRegistry* registry)
    : folder_(WithoutTrailingSlash(std::move(folder))), registry_(*registry) {
  auto empty = std::make_shared<FolderReport>();
  empty->folder = folder_;
  report_ = std::move(empty);
}

TemplateFiles::Looked TemplateFiles::Look(int threads, const Questions& questions) {
  const auto begin = std::chrono::steady_clock::now();
  const auto loads_before = loads_;
  ++looks_;
  Log log;
  Looked looked;
  FolderScan scan = ScanFolder(folder_);
  const std::string problem(scan.folder.message());
  if (!problem.empty() && problem != problem_) {
    log.Say(spdlog::level::err,
            absl::StrCat("templates folder ", folder_, " ", problem,
                         "; what was applied goes on, and the folder is read once it can be"));
  }
  problem_ = problem;
  if (problem.empty()) {
    Piece piece;
    bool stopped = false;
    for (const FolderScan::File& file : scan.files) {
      // Files that were read and not applied by then are read again by the next start.
      stopped = stopped || (questions.is_stopping && questions.is_stopping());
      if (stopped) break;
      Take(file, questions, piece, log, looked);
      if (piece.bytes >= kPieceBytes || piece.sources.size() >= kPieceFiles) {
        Apply(piece, threads, log);
      }
    }
    if (!stopped) {
      Apply(piece, threads, log);
      ForgetUnseen(log);
    }
  }
  NoteSkipped(scan.skipped, log);
  looked.not_stored = std::ranges::any_of(known_, [](const auto& known) {
    return known.second.file != nullptr && known.second.file->state == State::kNotStored;
  });
  looked.watched = std::move(scan.watched);
  const auto took = std::chrono::steady_clock::now() - begin;
  Publish(took);
  if (loads_ != loads_before) {
    const auto count = [&](FileLoad load) {
      const auto at = static_cast<std::size_t>(load);
      return loads_[at] - loads_before[at];
    };
    spdlog::info(
        "templates of {}: {} applied, {} unchanged, {} refused, {} unreadable, {} not stored, in "
        "{} ms",
        folder_, count(FileLoad::kApplied), count(FileLoad::kUnchanged), count(FileLoad::kRefused),
        count(FileLoad::kUnreadable), count(FileLoad::kNotStored),
        std::chrono::duration_cast<std::chrono::milliseconds>(took).count());
  }
  return looked;
}

void TemplateFiles::Take(const FolderScan::File& file, const Questions& questions, Piece& piece,
                         Log& log, Looked& looked) {
  Known& known = known_[file.path];
  known.look = looks_;
  if (!file.problem.ok()) {
    SetBroken(file.path, known, std::string(file.problem.message()), FileLoad::kUnreadable, log);
    return;
  }
  const bool not_stored = known.file != nullptr && known.file->state == State::kNotStored;
  if (!known.digest.empty() && known.settled && known.stamp == file.stamp && !not_stored) return;
  if (IsUnsettled(file, known, questions)) {
    looked.unsettled = true;
    return;
  }
  FileStamp stamp;
  absl::StatusOr<std::string> text = ReadTemplateFile(file.full_path, stamp);
  if (absl::IsUnavailable(text.status()) && ++known.unsettled_looks < kUnsettledLooksMax) {
    looked.unsettled = true;
    return;
  }
  if (!text.ok()) {
    SetBroken(file.path, known, std::string(text.status().message()), FileLoad::kUnreadable, log);
    return;
  }
  // Asked again: it may have been opened, and half of it written, since it was looked at.
  if (IsOpen(file, questions) && ++known.unsettled_looks < kUnsettledLooksMax) {
    looked.unsettled = true;
    return;
  }
  known.unsettled_looks = 0;
  known.stamp = stamp;
  known.settled = AgeNs(known.stamp) > kTickNs;
  std::string digest = DigestOf(*text);
  if (digest == known.digest && !not_stored) return;
  piece.bytes += text->size();
  piece.sources.push_back({*std::move(text), file.path});
  piece.files.emplace_back(&known, std::move(digest));
}

bool TemplateFiles::IsOpen(const FolderScan::File& file, const Questions& questions) {
  return questions.is_being_written && questions.is_being_written(file.full_path);
}

bool TemplateFiles::IsUnsettled(const FolderScan::File& file, Known& known,
                                const Questions& questions) const {
  const std::int64_t age = AgeNs(file.stamp);
  const bool is_fresh = age >= 0 && age < std::chrono::nanoseconds(kSettle).count();
  if (!is_fresh && !IsOpen(file, questions)) return false;
  return ++known.unsettled_looks < kUnsettledLooksMax;
}

void TemplateFiles::Apply(Piece& piece, int threads, Log& log) {
  const auto answers = registry_.ApplyAll(piece.sources, threads);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    auto& [known, digest] = piece.files[i];
    Answer(piece.sources[i].name, *known, digest, answers[i], log);
  }
  piece = {};
}

void TemplateFiles::Answer(const std::string& path, Known& known, const std::string& digest,
                           const absl::StatusOr<TemplateRegistry::Applied>& answer, Log& log) {
  const State before = known.file == nullptr ? State::kLoaded : known.file->state;
  known.digest = digest;
  if (answer.ok()) {
    auto file = std::make_shared<TemplateFile>();
    file->path = path;
    file->loaded = answer->entry->compiled->id;
    file->since = ReadClock();
    known.file = std::move(file);
    Count(answer->created ? FileLoad::kApplied : FileLoad::kUnchanged);
    for (const config::Diagnostic& warning : answer->warnings) {
      log.Say(spdlog::level::warn, warning.ToString());
    }
    if (answer->created || before != State::kLoaded) {
      log.Say(
          spdlog::level::info,
          absl::StrCat("template ", answer->entry->compiled->id.ToString(),
                       answer->created ? ": applied from " : ": unchanged in ", FullPath(path)));
    }
    return;
  }
  const absl::Status& why = answer.status();
  // Too long it is not: that was seen when it was read.
  if (!absl::IsUnavailable(why) && !absl::IsResourceExhausted(why)) {
    SetBroken(path, known, std::string(why.message()), FileLoad::kRefused, log);
    return;
  }
  Count(FileLoad::kNotStored);
  auto file = std::make_shared<TemplateFile>();
  file->path = path;
  file->state = State::kNotStored;
  file->problem = std::string(why.message());
  if (known.file != nullptr) file->loaded = known.file->loaded;
  file->since = before == State::kNotStored ? known.file->since : ReadClock();
  known.file = std::move(file);
  if (before != State::kNotStored) {
    log.Say(spdlog::level::err, absl::StrCat("template file ", FullPath(path), ": ",
                                             known.file->problem, "; it is tried again"));
  }
}

void TemplateFiles::SetBroken(const std::string& path, Known& known, std::string problem,
                              FileLoad why, Log& log) {
  problem = Cut(std::move(problem));
  // What cannot be read has no content, and is known by what it says.
  if (why == FileLoad::kUnreadable) {
    if (known.file != nullptr && known.digest.empty() && known.file->problem == problem) return;
    known.digest.clear();
  }
  Count(why);
  auto file = std::make_shared<TemplateFile>();
  file->path = path;
  file->state = State::kBroken;
  file->problem = std::move(problem);
  if (known.file != nullptr) file->loaded = known.file->loaded;
  file->since = ReadClock();
  log.Say(spdlog::level::err,
          absl::StrCat("template file ", FullPath(path),
                       why == FileLoad::kRefused ? " is refused" : " cannot be taken",
                       file->loaded ? absl::StrCat(", ", file->loaded->ToString(), " goes on") : "",
                       why == FileLoad::kRefused ? ":\n" : ": ", file->problem));
  known.file = std::move(file);
}

void TemplateFiles::ForgetUnseen(Log& log) {
  std::erase_if(known_, [&](const auto& entry) {
    const auto& [path, known] = entry;
    if (known.look == looks_) return false;
    if (known.file != nullptr && known.file->loaded) {
      log.Say(spdlog::level::info,
              absl::StrCat("template file ", FullPath(path), " is gone; ",
                           known.file->loaded->ToString(), " stays, since tasks may run on it"));
    }
    return true;
  });
}

void TemplateFiles::NoteSkipped(const std::vector<FolderScan::Skipped>& skipped, Log& log) {
  std::map<std::string, std::shared_ptr<const TemplateFile>> now;
  for (const FolderScan::Skipped& what : skipped) {
    const auto before = skipped_.find(what.path);
    if (before != skipped_.end() && before->second->problem == what.why) {
      now.insert(*before);
      continue;
    }
    auto file = std::make_shared<TemplateFile>();
    file->path = what.path;
    file->state = State::kSkipped;
    file->problem = what.why;
    file->since = ReadClock();
    log.Say(spdlog::level::warn, absl::StrCat("templates: ", FullPath(what.path), " ", what.why));
    now.emplace(what.path, std::move(file));
  }
  skipped_ = std::move(now);
}

void TemplateFiles::Publish(std::chrono::steady_clock::duration took) {
  auto report = std::make_shared<FolderReport>();
  report->folder = folder_;
  report->problem = problem_;
  for (const auto& [path, known] : known_) {
    if (known.file != nullptr) report->files.push_back(known.file);
  }
  for (const auto& [path, file] : skipped_) report->files.push_back(file);
  std::ranges::sort(report->files, {},
                    [](const auto& file) { return std::string_view(file->path); });
  report->looked_at = ReadClock();
  report->took = took;
  report->looks = looks_;
  report->loads = loads_;
  absl::MutexLock lock(&mutex_);
  report_ = std::move(report);
}

std::shared_ptr<const FolderReport> TemplateFiles::report() const {
  absl::MutexLock lock(&mutex_);
  return report_;
}

std::string TemplateFiles::FullPath(const std::string& path) const {
  return path.empty() ? folder_ : absl::StrCat(folder_, "/", path);
}

}  // namespace tasker::service
