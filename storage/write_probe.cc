#include "storage/write_probe.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include <rocksdb/env.h>

#include "storage/rocksdb_database.h"
#include "storage/rocksdb_status.h"

namespace tasker::storage {
namespace {

// Beside what the log holds, a start writes new small files.
constexpr std::uint64_t kRoomMin = 1u << 20;
constexpr std::size_t kBlockSize = 64u << 10;

// The bytes that an opening writes out: those of the logs.
std::uint64_t BytesToWrite(rocksdb::Env& env, const std::string& folder) {
  std::vector<rocksdb::Env::FileAttributes> files;
  if (!env.GetChildrenFileAttributes(folder, &files).ok()) return 0;
  std::uint64_t bytes = 0;
  for (const auto& file : files) {
    if (file.name.ends_with(".log")) bytes += file.size_bytes;
  }
  return bytes;
}

rocksdb::Status WriteAndSync(rocksdb::Env& env, const std::string& path, std::uint64_t bytes) {
  std::unique_ptr<rocksdb::WritableFile> file;
  rocksdb::Status status = env.NewWritableFile(path, &file, rocksdb::EnvOptions());
  if (!status.ok()) return status;
  const std::string block(kBlockSize, 'x');
  for (std::uint64_t written = 0; written < bytes && status.ok(); written += block.size()) {
    status = file->Append(block);
  }
  if (status.ok()) status = file->Sync();
  const rocksdb::Status closed = file->Close();
  return status.ok() ? closed : status;
}

}  // namespace

absl::Status ProbeWriting(const RocksDbOptions& options) {
  const std::unique_ptr<rocksdb::Env> environment = EnvironmentOf(options);
  rocksdb::Env& env = *environment;
  const std::string path = absl::StrCat(options.folder, "/write_probe");
  const std::uint64_t bytes = std::max(kRoomMin, BytesToWrite(env, options.folder));
  const rocksdb::Status written = WriteAndSync(env, path, bytes);
  env.DeleteFile(path).PermitUncheckedError();
  return ToAbsl(written);
}

}  // namespace tasker::storage
