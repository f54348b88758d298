#include "clients/cpp/src/text_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace tasker::client {

std::string ReadTextFile(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file.is_open() || file.bad()) {
    throw std::runtime_error("cannot read " + path + ": " + std::strerror(errno));
  }
  return text;
}

}  // namespace tasker::client
