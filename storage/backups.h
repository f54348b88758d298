// Backups of a store on a disk: a folder of them, each whole, sharing the files they have in
// common.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tasker::storage {

class RocksDbDatabase;

// One of a folder's backups.
struct Backup {
  // Counts a folder's backups from 1.
  std::uint32_t id = 0;
  // Seconds since the Unix epoch.
  std::int64_t made_at_s = 0;
  // Of all its files, those shared with other backups included.
  std::uint64_t bytes = 0;
  std::uint32_t files = 0;
};

// Adds a backup of `database` to those in `folder`, which is made if missing, and returns its
// number. What changes meanwhile is in it or not, commit by commit. One at a time. Errors: as
// Store::AddBackup.
absl::StatusOr<std::uint32_t> AddBackupOf(RocksDbDatabase& database, const std::string& folder);

// The backups in `folder`, oldest first; none if there is no such folder. Errors, here and below:
// UNAVAILABLE or DATA_LOSS if the folder cannot be read; the message names it.
absl::StatusOr<std::vector<Backup>> ListBackups(const std::string& folder);

// Reads all files of a backup and compares their checksums. NOT_FOUND: no such backup; DATA_LOSS:
// it is damaged, the message says where.
absl::Status VerifyBackup(const std::string& folder, std::uint32_t id);

// Makes the store that the backup is of in `data`, which must be missing or empty; 0: the newest.
// It is verified first. Errors: FAILED_PRECONDITION: there is something in `data`; as
// VerifyBackup's.
absl::Status RestoreBackup(const std::string& folder, std::uint32_t id, const std::string& data);

// Removes all but the `keep` newest backups, with the files that no other has, and returns how many
// were removed.
absl::StatusOr<std::uint32_t> PurgeBackups(const std::string& folder, std::uint32_t keep);

}  // namespace tasker::storage
