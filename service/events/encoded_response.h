// Responses as bytes, which many subscribers can share.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <grpcpp/support/byte_buffer.h>

#include "tasker/v1/event_service.pb.h"

namespace tasker::service {

// A v1::SubscribeResponse as it goes over the wire. Immutable, safe to use from several threads.
class EncodedResponse {
 public:
  explicit EncodedResponse(const v1::SubscribeResponse& response)
      : EncodedResponse(response.SerializeAsString()) {}
  // `bytes` are such a message.
  explicit EncodedResponse(std::string bytes);

  // Copies share the bytes.
  const grpc::ByteBuffer& buffer() const { return buffer_; }
  std::size_t size() const { return bytes_->size(); }
  v1::SubscribeResponse Message() const;

 private:
  std::shared_ptr<const std::string> bytes_;
  grpc::ByteBuffer buffer_;
};

using EncodedResponsePtr = std::shared_ptr<const EncodedResponse>;

// Builds a response of parts that were encoded before: a message's fields may be written one behind
// the other.
//
// A response of nothing but this event.
std::string EncodedEvent(const v1::Event& event);
// Of nothing but the cursor.
std::string EncodedCursor(std::string_view cursor);

}  // namespace tasker::service
