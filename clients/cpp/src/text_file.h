// Reading a file as a whole.
#pragma once

#include <string>

namespace tasker::client {

// Throws std::runtime_error that names the file and says why it cannot be read.
std::string ReadTextFile(const std::string& path);

}  // namespace tasker::client
