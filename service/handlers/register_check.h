// Whether the first message of a handler's stream is what it must be.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include <google/protobuf/message.h>

#include "engine/command.h"
#include "tasker/v1/handler_service.pb.h"

namespace tasker::service {

// Where in `message` there are fields that this version of the contract does not know: the path of
// the message that holds each and its number, as in `register.handler_classes[0]: field 9`.
std::vector<std::string> UnknownFields(const google::protobuf::Message& message);

// The command that a stream's first message asks for. Error: INVALID_ARGUMENT that says what is
// wrong, where, and what would be right.
absl::StatusOr<engine::RegisterHandler> CheckRegister(const v1::ConnectRequest& first,
                                                      engine::SessionId session);

}  // namespace tasker::service
