#include "storage/batch.h"

namespace tasker::storage {

void Batch::Put(Table table, std::string_view key, std::string_view value) {
  Add(table, Kind::kPut, key, value);
}

void Batch::Delete(Table table, std::string_view key) { Add(table, Kind::kDelete, key, {}); }

void Batch::DeleteRange(Table table, std::string_view begin, std::string_view end) {
  Add(table, Kind::kDeleteRange, begin, end);
}

void Batch::Append(const Batch& other) {
  const std::size_t base = data_.size();
  data_.append(other.data_);
  entries_.reserve(entries_.size() + other.entries_.size());
  for (Entry entry : other.entries_) {
    entry.offset += base;
    entries_.push_back(entry);
  }
}

void Batch::Clear() {
  data_.clear();
  entries_.clear();
}

Batch::Change Batch::at(std::size_t i) const {
  const Entry& entry = entries_[i];
  const std::string_view data = data_;
  return {entry.table, entry.kind, data.substr(entry.offset, entry.key_size),
          data.substr(entry.offset + entry.key_size, entry.value_size)};
}

void Batch::Add(Table table, Kind kind, std::string_view key, std::string_view value) {
  entries_.push_back(
      {table, kind, static_cast<std::uint32_t>(key.size()), data_.size(), value.size()});
  data_.append(key);
  data_.append(value);
}

}  // namespace tasker::storage
