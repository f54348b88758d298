#include "storage/backups.h"

#include <filesystem>
#include <memory>
#include <system_error>

#include "absl/strings/str_cat.h"
#include <rocksdb/utilities/backup_engine.h>

#include "storage/rocksdb_database.h"
#include "storage/rocksdb_status.h"

namespace tasker::storage {
namespace {

using rocksdb::BackupEngine;
using rocksdb::BackupEngineOptions;
using rocksdb::BackupEngineReadOnly;

absl::Status Named(const std::string& folder, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(),
                      absl::StrCat("backups in ", folder, ": ", std::string(status.message())));
}

absl::Status Named(const std::string& folder, const rocksdb::Status& status) {
  return Named(folder, ToAbsl(status));
}

BackupEngineOptions OptionsFor(const std::string& folder) {
  BackupEngineOptions options(folder);
  // Files are told apart by checksum, so that two of one number are never taken for the same.
  options.share_files_with_checksum = true;
  options.max_background_operations = 1;
  return options;
}

absl::StatusOr<std::unique_ptr<BackupEngine>> OpenForWriting(const std::string& folder) {
  std::error_code made;
  std::filesystem::create_directories(folder, made);
  if (made) return Named(folder, absl::UnavailableError("cannot be made: " + made.message()));
  BackupEngine* engine = nullptr;
  const rocksdb::IOStatus opened =
      BackupEngine::Open(rocksdb::Env::Default(), OptionsFor(folder), &engine);
  if (!opened.ok()) return Named(folder, opened);
  return std::unique_ptr<BackupEngine>(engine);
}

absl::StatusOr<std::unique_ptr<BackupEngineReadOnly>> OpenForReading(const std::string& folder) {
  BackupEngineReadOnly* engine = nullptr;
  const rocksdb::IOStatus opened =
      BackupEngineReadOnly::Open(rocksdb::Env::Default(), OptionsFor(folder), &engine);
  if (!opened.ok()) return Named(folder, opened);
  return std::unique_ptr<BackupEngineReadOnly>(engine);
}

std::vector<Backup> BackupsOf(const BackupEngineReadOnly& engine) {
  std::vector<rocksdb::BackupInfo> infos;
  engine.GetBackupInfo(&infos);
  std::vector<Backup> backups;
  for (const rocksdb::BackupInfo& info : infos) {
    backups.push_back({info.backup_id, info.timestamp, info.size, info.number_files});
  }
  return backups;
}

absl::Status VerifyIn(const BackupEngineReadOnly& engine, const std::string& folder,
                      std::uint32_t id) {
  for (const Backup& backup : BackupsOf(engine)) {
    if (backup.id == id) return Named(folder, engine.VerifyBackup(id, true));
  }
  return absl::NotFoundError(absl::StrCat("backups in ", folder, ": there is no backup ", id));
}

bool IsMissingOrEmpty(const std::string& folder) {
  std::error_code error;
  return !std::filesystem::exists(folder, error) || std::filesystem::is_empty(folder, error);
}

}  // namespace

absl::StatusOr<std::uint32_t> AddBackupOf(RocksDbDatabase& database, const std::string& folder) {
  const auto engine = OpenForWriting(folder);
  if (!engine.ok()) return engine.status();
  rocksdb::CreateBackupOptions options;
  // The log is copied as it is: a flush would write what the next compaction rewrites.
  options.flush_before_backup = false;
  rocksdb::BackupID id = 0;
  const rocksdb::IOStatus made = (*engine)->CreateNewBackup(options, &database.db(), &id);
  if (!made.ok()) return Named(folder, made);
  return id;
}

absl::StatusOr<std::vector<Backup>> ListBackups(const std::string& folder) {
  if (IsMissingOrEmpty(folder)) return std::vector<Backup>();
  const auto engine = OpenForReading(folder);
  if (!engine.ok()) return engine.status();
  return BackupsOf(**engine);
}

absl::Status VerifyBackup(const std::string& folder, std::uint32_t id) {
  const auto engine = OpenForReading(folder);
  return engine.ok() ? VerifyIn(**engine, folder, id) : engine.status();
}

absl::Status RestoreBackup(const std::string& folder, std::uint32_t id, const std::string& data) {
  if (!IsMissingOrEmpty(data)) {
    return absl::FailedPreconditionError(
        absl::StrCat(data, " is not empty; a backup is restored into a new folder"));
  }
  const auto engine = OpenForReading(folder);
  if (!engine.ok()) return engine.status();
  if (id == 0) {
    const std::vector<Backup> backups = BackupsOf(**engine);
    if (backups.empty()) return absl::NotFoundError(absl::StrCat("no backups in ", folder));
    id = backups.back().id;
  }
  if (absl::Status verified = VerifyIn(**engine, folder, id); !verified.ok()) return verified;
  std::error_code made;
  std::filesystem::create_directories(data, made);
  if (made) return absl::UnavailableError(absl::StrCat(data, " cannot be made: ", made.message()));
  return Named(folder, (*engine)->RestoreDBFromBackup(rocksdb::RestoreOptions(), id, data, data));
}

absl::StatusOr<std::uint32_t> PurgeBackups(const std::string& folder, std::uint32_t keep) {
  const auto engine = OpenForWriting(folder);
  if (!engine.ok()) return engine.status();
  std::vector<rocksdb::BackupInfo> infos;
  (*engine)->GetBackupInfo(&infos);
  const std::uint32_t before = static_cast<std::uint32_t>(infos.size());
  if (before <= keep) return 0u;
  const rocksdb::IOStatus purged = (*engine)->PurgeOldBackups(keep);
  if (!purged.ok()) return Named(folder, purged);
  const rocksdb::IOStatus cleaned = (*engine)->GarbageCollect();
  if (!cleaned.ok()) return Named(folder, cleaned);
  return before - keep;
}

}  // namespace tasker::storage
