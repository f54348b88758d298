// A set of changes to be committed as one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "storage/table.h"

namespace tasker::storage {

// Puts, deletes and deletes of ranges, applied in the order they were added. Holds its bytes in one
// block, so that adding a change seldom allocates and Clear() keeps the memory for the next batch.
class Batch {
 public:
  enum class Kind : std::uint8_t { kPut, kDelete, kDeleteRange };

  // One change, as views into the batch: valid until the batch changes.
  struct Change {
    Table table;
    Kind kind;
    // Of a range: its first key.
    std::string_view key;
    // Of a put. Of a range: the key behind its last. Empty for a delete.
    std::string_view value;
  };

  void Put(Table table, std::string_view key, std::string_view value);
  void Delete(Table table, std::string_view key);
  // Deletes all keys in [begin, end), at a price that does not depend on how many there are. Meant
  // for long ranges, seldom: each leaves a mark that reads have to heed until it is compacted away.
  // Precondition: begin < end.
  void DeleteRange(Table table, std::string_view begin, std::string_view end);

  // Adds all of `other`'s changes behind this batch's own.
  void Append(const Batch& other);

  // Forgets all changes.
  void Clear();

  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  // Bytes of keys and values held.
  std::size_t bytes() const { return data_.size(); }

  // The `i`th change, from 0.
  Change at(std::size_t i) const;

 private:
  struct Entry {
    Table table;
    Kind kind;
    std::uint32_t key_size;
    std::size_t offset;
    std::size_t value_size;
  };

  void Add(Table table, Kind kind, std::string_view key, std::string_view value);

  std::string data_;
  std::vector<Entry> entries_;
};

}  // namespace tasker::storage
