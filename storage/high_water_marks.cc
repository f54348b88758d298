#include "storage/high_water_marks.h"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

#include "storage/keys.h"

namespace tasker::storage {
namespace {

// One number of the machine's own byte order for each partition. A write of one is never torn: it
// is aligned, and lies in one page.
using Mark = std::uint64_t;

constexpr char kFileName[] = "/acknowledged";

off_t PlaceOf(PartitionId partition) {
  return static_cast<off_t>(Raw(partition)) * static_cast<off_t>(sizeof(Mark));
}

}  // namespace

absl::StatusOr<std::unique_ptr<HighWaterMarks>> HighWaterMarks::Open(const std::string& folder) {
  std::string path = folder + kFileName;
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) {
    return absl::UnavailableError(absl::StrCat(path, " cannot be opened: ", std::strerror(errno)));
  }
  return std::unique_ptr<HighWaterMarks>(new HighWaterMarks(file, std::move(path)));
}

HighWaterMarks::~HighWaterMarks() { close(file_); }

void HighWaterMarks::Raise(PartitionId partition, Sequence acknowledged) {
  const Mark mark = Raw(acknowledged);
  // A mark that stays low lets a loss go unseen; a commit that is durable does not fail for that.
  [[maybe_unused]] const ssize_t written = pwrite(file_, &mark, sizeof mark, PlaceOf(partition));
}

absl::Status HighWaterMarks::Check(
    const std::function<absl::StatusOr<Sequence>(PartitionId)>& stored) const {
  for (std::uint16_t i = 0; i <= Raw(kCatalog); ++i) {
    const PartitionId partition{i};
    Mark mark = 0;
    if (pread(file_, &mark, sizeof mark, PlaceOf(partition)) != sizeof mark || mark == 0) continue;
    const absl::StatusOr<Sequence> newest = stored(partition);
    if (!newest.ok()) return newest.status();
    if (mark <= Raw(*newest)) continue;
    return absl::DataLossError(absl::StrCat(
        "the commits ", Raw(*newest) + 1, " to ", mark, " of partition ", i,
        " were acknowledged, and are not there: the log is damaged, or the disk has lost what it "
        "had confirmed; restore a backup, or remove ",
        path_, " to go on without them"));
  }
  return absl::OkStatus();
}

}  // namespace tasker::storage
