// The one door to what is durable.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "storage/batch.h"
#include "storage/table.h"

namespace tasker::storage {

// A partition, named by the first of the slots that it owns; `kCatalog` for what belongs to none.
enum class PartitionId : std::uint16_t {};

constexpr std::uint16_t Raw(PartitionId partition) { return static_cast<std::uint16_t>(partition); }

// Raised whenever an owner takes a partition.
enum class Epoch : std::uint64_t {};

constexpr std::uint64_t Raw(Epoch epoch) { return static_cast<std::uint64_t>(epoch); }

// Counts a partition's commits, from 1; 0: none yet. Never goes back, whoever owns the partition.
enum class Sequence : std::uint64_t {};

constexpr std::uint64_t Raw(Sequence sequence) { return static_cast<std::uint64_t>(sequence); }

constexpr Sequence Next(Sequence sequence) { return Sequence{Raw(sequence) + 1}; }

// What an owner needs in order to commit.
struct Ownership {
  Epoch epoch;
  // The newest commit of the owners before.
  Sequence last_sequence;
};

enum class CommitOutcome {
  // Durable, and visible to every read that begins from now on.
  kCommitted,
  // Another owner has the partition; nothing was written. Final: stop.
  kFenced,
  // Whether it was written is not known: ask LastSequence, never guess.
  kInDoubt,
  // Nothing was written; `detail` says why.
  kFailed,
};

struct CommitResult {
  CommitOutcome outcome;
  // OK exactly if committed.
  absl::Status detail;
};

// An unchanging view of the whole store as it was when the view was made. Not safe for concurrent
// use. Must not outlive its store.
class Snapshot {
 public:
  virtual ~Snapshot() = default;

  // The value under `key`, nullopt if there is none. Error: DATA_LOSS or UNAVAILABLE if it cannot
  // be read.
  virtual absl::StatusOr<std::optional<std::string>> Get(Table table, std::string_view key) = 0;

  // Walks over the keys in [begin, end) in ascending byte order; an empty `end` means to the
  // table's end. Valid as long as this snapshot.
  class Cursor {
   public:
    virtual ~Cursor() = default;
    // Whether the cursor stands on a row. False past the last row and after an error.
    virtual bool Valid() const = 0;
    // Goes to the next row. Precondition: Valid().
    virtual void Next() = 0;
    // Of the row that the cursor stands on, valid until Next(). Precondition: Valid().
    virtual std::string_view key() const = 0;
    virtual std::string_view value() const = 0;
    // Not OK if the walk ended because something could not be read.
    virtual absl::Status status() const = 0;
  };
  virtual std::unique_ptr<Cursor> Scan(Table table, std::string_view begin,
                                       std::string_view end) = 0;
};

// Ordered keys in tables. Safe for concurrent access without external synchronisation, except that
// one partition's Commit is called by one thread at a time.
class Store {
 public:
  virtual ~Store() = default;

  // Takes `partition`: durably raises its epoch, so that every earlier owner's commits are refused
  // from now on.
  virtual absl::StatusOr<Ownership> Acquire(PartitionId partition) = 0;

  // Writes the batch whole or not at all, durably, if `epoch` is the newest of `partition` and
  // `sequence` the next after its last commit; otherwise it is fenced. An empty batch is written
  // like any other: the sequence moves on.
  virtual CommitResult Commit(PartitionId partition, Epoch epoch, Sequence sequence,
                              const Batch& batch) = 0;

  // The newest commit of `partition` in the store.
  virtual absl::StatusOr<Sequence> LastSequence(PartitionId partition) = 0;

  // The newest value under `key`, nullopt if there is none. Errors as Snapshot::Get.
  virtual absl::StatusOr<std::optional<std::string>> Get(Table table, std::string_view key) = 0;

  // Makes the store take commits again after one that failed or was in doubt, if what hindered it
  // is gone; harmless otherwise. Whether the commit in doubt was written is then decided: owners
  // ask LastSequence, or acquire anew. Reads wait meanwhile. Errors: RESOURCE_EXHAUSTED, DATA_LOSS
  // or UNAVAILABLE: why the store still takes none.
  virtual absl::Status Recover() = 0;

  // Writes a copy of the whole store, as it is at one moment during the call, into `folder`, which
  // must not exist; a store of the same kind can be opened there. Commits go on meanwhile.
  virtual absl::Status CheckpointTo(const std::string& folder) = 0;

  // Adds a backup of the whole store, as it is at one moment during the call, to those in `folder`,
  // and returns its number; see backups.h. What earlier backups hold already is not copied again.
  // Commits go on meanwhile. Errors: UNIMPLEMENTED if this kind of store is backed up by other
  // means; RESOURCE_EXHAUSTED, UNAVAILABLE.
  virtual absl::StatusOr<std::uint32_t> AddBackup(const std::string& folder) = 0;

  // A view of the store as it is now. Holds on to what it sees: keep it short.
  virtual std::unique_ptr<Snapshot> TakeSnapshot() = 0;

  // How many times the store has made its log durable since it was opened.
  virtual std::uint64_t SyncCount() const = 0;
};

}  // namespace tasker::storage
