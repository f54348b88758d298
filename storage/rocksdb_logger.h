// What RocksDB has to say of itself.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <rocksdb/env.h>

namespace tasker::storage {

// Passes on RocksDB's warnings and errors, a line each; `log` may be null. RocksDB's own log, a
// file beside the data, is no choice: it is not rotated by size, and as built by Debian the library
// aborts the process when writing to it fails twice, so on any full disk.
std::shared_ptr<rocksdb::Logger> MakeRocksDbLogger(std::function<void(const std::string&)> log);

}  // namespace tasker::storage
