#include "service/events/encoded_response.h"

#include <utility>

#include <grpcpp/impl/grpc_library.h>
#include <grpcpp/support/slice.h>

namespace tasker::service {
namespace {

// Slices need it, and a program without server or channel has nothing else that sets it up.
const grpc::internal::GrpcLibraryInitializer kLibrary;

using Shared = std::shared_ptr<const std::string>;

// A slice that keeps the bytes alive as long as gRPC needs them.
grpc::Slice SliceOf(const Shared& bytes) {
  return {const_cast<char*>(bytes->data()), bytes->size(),
          [](void* kept) { delete static_cast<Shared*>(kept); }, new Shared(bytes)};
}

}  // namespace

EncodedResponse::EncodedResponse(std::string bytes)
    : bytes_(std::make_shared<const std::string>(std::move(bytes))) {
  const grpc::Slice slice = SliceOf(bytes_);
  buffer_ = grpc::ByteBuffer(&slice, 1);
}

v1::SubscribeResponse EncodedResponse::Message() const {
  v1::SubscribeResponse message;
  message.ParseFromString(*bytes_);
  return message;
}

std::string EncodedEvent(const v1::Event& event) {
  v1::SubscribeResponse response;
  *response.add_events() = event;
  return response.SerializeAsString();
}

std::string EncodedCursor(std::string_view cursor) {
  v1::SubscribeResponse response;
  response.set_cursor(std::string(cursor));
  return response.SerializeAsString();
}

}  // namespace tasker::service
