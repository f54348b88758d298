#include "clients/cli/input_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "absl/strings/str_cat.h"

namespace tasker::cli {

absl::StatusOr<std::string> ReadInput(const std::string& path, std::istream& standard_input) {
  const bool from_standard_input = path == "-";
  const std::string name = from_standard_input ? "standard input" : path;
  std::ifstream file;
  if (!from_standard_input) {
    file.open(path, std::ios::binary);
    if (!file) {
      return absl::NotFoundError(absl::StrCat("cannot read ", name, ": ", std::strerror(errno)));
    }
  }
  std::istream& in = from_standard_input ? standard_input : file;
  std::string content;
  std::string block(1U << 16U, '\0');
  do {
    errno = 0;
    in.read(block.data(), static_cast<std::streamsize>(block.size()));
    content.append(block, 0, static_cast<std::size_t>(in.gcount()));
    if (content.size() > kInputBytesMax) {
      return absl::ResourceExhaustedError(
          absl::StrCat("cannot read ", name, ": over ", kInputBytesMax >> 20U, " MiB"));
    }
  } while (in);
  // Opening a folder works; only reading it tells.
  if (in.bad() || errno == EISDIR) {
    return absl::UnavailableError(absl::StrCat("cannot read ", name, ": ", std::strerror(errno)));
  }
  return content;
}

}  // namespace tasker::cli
