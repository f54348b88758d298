// Connections of a caller to the service, at whichever of its addresses answers.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/security/credentials.h"

#include "tasker/client/security.h"

namespace tasker::client {

// Thread-safe.
class ServiceChannel {
 public:
  // `servers`: as ClientOptions::server. Connects to nothing yet.
  ServiceChannel(const std::string& servers,
                 const std::shared_ptr<grpc::ChannelCredentials>& credentials,
                 const std::optional<TlsOptions>& tls, TokenSource token);

  // The channel for the next call. With several addresses it is connected, if any of them lets
  // itself be connected to before `deadline`; the search begins at the one that worked last. An
  // error: the options are not what they should be.
  absl::StatusOr<std::shared_ptr<grpc::Channel>> Pick(absl::Time deadline);

  // Puts the access token into a call's metadata. UNAUTHENTICATED: it cannot be had.
  absl::Status Authorize(grpc::ClientContext& context) const;

  // Whether UNAUTHENTICATED may pass.
  bool token_can_change() const { return token_.can_change(); }

 private:
  absl::Status status_;
  const TokenSource token_;
  std::vector<std::shared_ptr<grpc::Channel>> channels_;
  absl::Mutex mutex_;
  std::size_t current_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace tasker::client
