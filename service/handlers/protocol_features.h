// What of the handler protocol this service knows beyond its first version.
#pragma once

#include <array>

#include "tasker/v1/handler_service.pb.h"

namespace tasker::service {

inline constexpr std::array kProtocolFeatures = {
    v1::PROTOCOL_FEATURE_CREDITS,       v1::PROTOCOL_FEATURE_DEFERRED_COMPLETION,
    v1::PROTOCOL_FEATURE_CUSTOM_EVENTS, v1::PROTOCOL_FEATURE_PROGRESS,
    v1::PROTOCOL_FEATURE_TASK_HANDLERS, v1::PROTOCOL_FEATURE_BUSINESS_ERRORS,
    v1::PROTOCOL_FEATURE_TOKEN_REFRESH};

}  // namespace tasker::service
