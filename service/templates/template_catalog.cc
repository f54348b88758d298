#include "service/templates/template_catalog.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

#include "storage/keys.h"

namespace tasker::service {
namespace {

absl::Status CannotStore(const absl::Status& why) {
  return absl::Status(
      absl::IsResourceExhausted(why) ? why.code() : absl::StatusCode::kUnavailable,
      absl::StrCat("the template could not be stored: ", std::string(why.message())));
}

}  // namespace

absl::StatusOr<TemplateCatalog> TemplateCatalog::Take(storage::Store* store) {
  const absl::StatusOr<storage::Ownership> ownership = store->Acquire(storage::kCatalog);
  if (!ownership.ok()) return ownership.status();
  return TemplateCatalog(store, *ownership);
}

absl::Status TemplateCatalog::Read(const std::function<void(Row)>& take) const {
  const std::string begin = storage::PartitionKey(storage::kCatalog);
  const auto snapshot = store_->TakeSnapshot();
  const auto rows = snapshot->Scan(storage::Table::kTemplates, begin, storage::KeyAfter(begin));
  for (; rows->Valid(); rows->Next()) {
    Row row;
    if (const auto name = storage::TemplateNameIn(rows->key())) {
      row.id = {std::string(name->namespace_name), std::string(name->name),
                std::string(name->version)};
    }
    storage::v1::TemplateRecord record;
    const std::string_view value = rows->value();
    if (record.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
      row.record = std::move(record);
    }
    take(std::move(row));
  }
  return rows->status();
}

absl::Status TemplateCatalog::Put(std::span<const Row> rows) {
  storage::Batch batch;
  for (const Row& row : rows) {
    batch.Put(storage::Table::kTemplates,
              storage::TemplateKey(row.id.namespace_name, row.id.name, row.id.version),
              row.record->SerializeAsString());
  }
  if (in_doubt_) {
    if (absl::Status settled = Settle(); !settled.ok()) return CannotStore(settled);
  }
  const storage::Sequence next = storage::Next(sequence_);
  storage::CommitResult result = store_->Commit(storage::kCatalog, epoch_, next, batch);
  if (result.outcome == storage::CommitOutcome::kInDoubt) {
    const absl::StatusOr<storage::Sequence> last = store_->LastSequence(storage::kCatalog);
    if (last.ok() && *last == next) result.detail = absl::OkStatus();
  }
  if (result.detail.ok()) {
    sequence_ = next;
    return absl::OkStatus();
  }
  in_doubt_ = true;
  return CannotStore(result.detail);
}

absl::Status TemplateCatalog::Settle() {
  const absl::StatusOr<storage::Ownership> ownership = store_->Acquire(storage::kCatalog);
  if (!ownership.ok()) return ownership.status();
  epoch_ = ownership->epoch;
  sequence_ = ownership->last_sequence;
  in_doubt_ = false;
  return absl::OkStatus();
}

}  // namespace tasker::service
