// The events that commands bring about, in order.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include <google/protobuf/arena.h>

#include "tasker/storage/v1/records.pb.h"

namespace tasker::engine {

// Events are built where they stay: all of one list lie in one arena, which goes when the last who
// holds the list goes. Not thread-safe.
class EventList {
 public:
  using Batch = std::shared_ptr<storage::v1::EventBatchRecord>;

  EventList() = default;
  EventList(EventList&&) = default;
  EventList& operator=(EventList&&) = default;

  // Adds one that is empty. Valid until Take.
  storage::v1::EventRecord& Add() {
    if (batch_ == nullptr) batch_ = NewBatch();
    return *batch_->add_events();
  }
  void Add(storage::v1::EventRecord event) { Add() = std::move(event); }

  bool empty() const { return batch_ == nullptr; }
  std::size_t size() const { return empty() ? 0 : static_cast<std::size_t>(batch_->events_size()); }
  // Precondition: `i` < size().
  storage::v1::EventRecord& at(std::size_t i) {
    return *batch_->mutable_events(static_cast<int>(i));
  }
  auto begin() const { return events().begin(); }
  auto end() const { return events().end(); }

  // Hands all of them over; null: there are none. The list is empty then.
  Batch Take() { return std::exchange(batch_, nullptr); }

 private:
  static Batch NewBatch() {
    google::protobuf::ArenaOptions options;
    options.start_block_size = 2048;
    options.max_block_size = 32u << 10;
    const auto arena = std::make_shared<google::protobuf::Arena>(options);
    // Holds on to the arena.
    return {arena,
            google::protobuf::Arena::CreateMessage<storage::v1::EventBatchRecord>(arena.get())};
  }
  const google::protobuf::RepeatedPtrField<storage::v1::EventRecord>& events() const {
    return (empty() ? storage::v1::EventBatchRecord::default_instance() : *batch_).events();
  }

  // Null: empty.
  Batch batch_;
};

}  // namespace tasker::engine
