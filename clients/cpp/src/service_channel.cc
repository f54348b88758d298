#include "clients/cpp/src/service_channel.h"

#include <chrono>
#include <utility>

#include "absl/random/random.h"
#include "absl/time/clock.h"

#include "clients/cpp/src/channel.h"

namespace tasker::client {
namespace {

// One address that neither answers nor refuses does not keep the others waiting for longer.
constexpr absl::Duration kConnectMax = absl::Seconds(2);

bool AwaitConnected(grpc::Channel& channel, absl::Time deadline) {
  const auto until = absl::ToChronoTime(std::min(deadline, absl::Now() + kConnectMax));
  grpc_connectivity_state state = channel.GetState(/*try_to_connect=*/true);
  // A failure counts only if it is of this try.
  bool tried = state != GRPC_CHANNEL_TRANSIENT_FAILURE;
  while (state != GRPC_CHANNEL_READY) {
    if (tried && state == GRPC_CHANNEL_TRANSIENT_FAILURE) return false;
    if (!channel.WaitForStateChange(state, until)) return false;
    tried = true;
    state = channel.GetState(true);
  }
  return true;
}

}  // namespace

ServiceChannel::ServiceChannel(const std::string& servers,
                               const std::shared_ptr<grpc::ChannelCredentials>& credentials,
                               const std::optional<TlsOptions>& tls, TokenSource token)
    : token_(std::move(token)) {
  const std::vector<std::string> addresses = AddressesOf(servers);
  if (addresses.empty()) status_ = absl::InvalidArgumentError("`server` names no address");
  auto checked = CredentialsOf(credentials, tls);
  if (!checked.ok()) status_ = checked.status();
  if (!status_.ok()) return;
  for (const std::string& address : addresses) channels_.push_back(OpenChannel(address, *checked));
  absl::BitGen random;
  current_ = absl::Uniform<std::size_t>(random, 0, channels_.size());
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> ServiceChannel::Pick(absl::Time deadline) {
  if (!status_.ok()) return status_;
  // A single one is waited for by the call itself.
  if (channels_.size() == 1) return channels_.front();
  std::size_t first = 0;
  {
    absl::MutexLock lock(&mutex_);
    first = current_;
  }
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    const std::size_t index = (first + i) % channels_.size();
    if (!AwaitConnected(*channels_[index], deadline)) continue;
    absl::MutexLock lock(&mutex_);
    current_ = index;
    return channels_[index];
  }
  // None: the call will say why.
  return channels_[first];
}

absl::Status ServiceChannel::Authorize(grpc::ClientContext& context) const {
  absl::StatusOr<std::string> token = CurrentToken(token_);
  if (!token.ok()) return token.status();
  AddToken(*token, context);
  return absl::OkStatus();
}

}  // namespace tasker::client
