// Signatures of webhooks, as the Standard Webhooks specification has them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tasker::sinks {

// The value of `webhook-signature`: `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`, for
// each secret, with spaces between, so that a receiver that knows any of them finds its own.
// `timestamp`: seconds since 1970. `secrets`: the bytes themselves.
std::string WebhookSignature(const std::vector<std::string>& secrets, std::string_view id,
                             std::int64_t timestamp, std::string_view body);

}  // namespace tasker::sinks
