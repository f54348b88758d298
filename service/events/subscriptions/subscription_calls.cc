#include "service/events/subscriptions/subscription_calls.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/time/time.h"

#include "service/events/event_filter.h"
#include "service/events/subscribe_call.h"
#include "service/events/subscriptions/consume_call.h"
#include "service/events/subscriptions/subscription_record.h"
#include "service/events/subscriptions/subscription_start.h"
#include "service/server/grpc_status.h"

namespace tasker::service {
namespace {

constexpr std::uint32_t kUnacknowledgedDefault = 1000;
constexpr std::uint32_t kUnacknowledgedMax = 10'000;
constexpr std::size_t kConsumerNameBytesMax = 256;

// Answers a call with what comes.
template <typename Response>
Subscriptions::Answer<Response> Into(grpc::ServerUnaryReactor* reactor, Response* response) {
  return [reactor, response](absl::StatusOr<Response> answer) {
    if (answer.ok()) *response = *std::move(answer);
    reactor->Finish(ToGrpc(answer.status()));
  };
}

grpc::ServerUnaryReactor* Finished(grpc::CallbackServerContext* context,
                                   const absl::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpc(status));
  return reactor;
}

// What Create and Subscribe have in common.
template <typename Request>
absl::StatusOr<Subscriptions::Wanted> WantedIn(const Request& request, const std::string& name,
                                               std::string_view name_field,
                                               absl::StatusOr<v1::EventStart> start) {
  Subscriptions::Wanted wanted;
  if (absl::Status named = CheckSubscriptionName(name, name_field); !named.ok()) return named;
  wanted.name = name;
  if (request.has_filter()) {
    if (const auto filter = EventFilter::Make(request.filter()); !filter.ok()) {
      return filter.status();
    }
    wanted.filter = request.filter();
  }
  if (!start.ok()) return start.status();
  wanted.start = *std::move(start);
  const auto ack_timeout =
      AckTimeoutOf(request.has_ack_timeout() ? &request.ack_timeout() : nullptr);
  if (!ack_timeout.ok()) return ack_timeout.status();
  wanted.ack_timeout_us = *ack_timeout;
  return wanted;
}

absl::StatusOr<NamedSubscription::ConsumerOptions> OptionsIn(
    const v1::SubscribeRequest& request, const absl::StatusOr<FeedOptions>& feed) {
  if (!feed.ok()) return feed.status();
  NamedSubscription::ConsumerOptions options;
  if (request.consumer_name().size() > kConsumerNameBytesMax) {
    return absl::InvalidArgumentError("consumer_name: has more than 256 bytes");
  }
  options.name = request.consumer_name();
  if (request.unacknowledged_max() > kUnacknowledgedMax) {
    return absl::InvalidArgumentError("unacknowledged_max: must be at most 10000");
  }
  options.unacknowledged_max =
      request.unacknowledged_max() == 0 ? kUnacknowledgedDefault : request.unacknowledged_max();
  options.batch_max = feed->batch_events_max;
  options.heartbeat = absl::ToChronoMilliseconds(feed->heartbeat);
  return options;
}

}  // namespace

grpc::ServerWriteReactor<grpc::ByteBuffer>* SubscriptionCalls::Subscribe(
    const v1::SubscribeRequest& request, const absl::StatusOr<FeedOptions>& feed) {
  absl::StatusOr<Subscriptions::Wanted> wanted =
      WantedIn(request, request.subscription(), "subscription", StartIn(request));
  absl::StatusOr<NamedSubscription::ConsumerOptions> options = OptionsIn(request, feed);
  absl::Status checked = wanted.status();
  if (checked.ok()) checked = options.status();
  if (!checked.ok()) {
    subscriptions_.Refused(request.subscription(), checked);
    return RefuseToFollow(checked);
  }
  if (checked = CheckAtLeast(positions_, request); !checked.ok()) return RefuseToFollow(checked);
  return BeginToConsume(subscriptions_, *std::move(wanted), *std::move(options));
}

grpc::ServerUnaryReactor* SubscriptionCalls::Create(grpc::CallbackServerContext* context,
                                                    const v1::CreateSubscriptionRequest* request,
                                                    v1::CreateSubscriptionResponse* response) {
  absl::StatusOr<Subscriptions::Wanted> wanted =
      WantedIn(*request, request->name(), "name", request->start());
  if (!wanted.ok()) {
    subscriptions_.Refused(request->name(), wanted.status());
    return Finished(context, wanted.status());
  }
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  subscriptions_.Create(*std::move(wanted), Into(reactor, response));
  return reactor;
}

grpc::ServerUnaryReactor* SubscriptionCalls::Get(grpc::CallbackServerContext* context,
                                                 const v1::GetSubscriptionRequest* request,
                                                 v1::GetSubscriptionResponse* response) {
  if (absl::Status known = CheckAtLeast(positions_, *request); !known.ok()) {
    return Finished(context, known);
  }
  absl::StatusOr<v1::Subscription> found = subscriptions_.Get(request->name());
  if (found.ok()) *response->mutable_subscription() = *std::move(found);
  return Finished(context, found.status());
}

grpc::ServerUnaryReactor* SubscriptionCalls::List(grpc::CallbackServerContext* context,
                                                  const v1::ListSubscriptionsRequest* request,
                                                  v1::ListSubscriptionsResponse* response) {
  const absl::Status known = CheckAtLeast(positions_, *request);
  if (known.ok()) {
    for (Subscriptions::Figures& each : subscriptions_.List()) {
      *response->add_subscriptions() = std::move(each.subscription);
    }
  }
  return Finished(context, known);
}

grpc::ServerUnaryReactor* SubscriptionCalls::Delete(grpc::CallbackServerContext* context,
                                                    const v1::DeleteSubscriptionRequest* request,
                                                    v1::DeleteSubscriptionResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  subscriptions_.Delete(request->name(), Into(reactor, response));
  return reactor;
}

grpc::ServerUnaryReactor* SubscriptionCalls::Reset(grpc::CallbackServerContext* context,
                                                   const v1::ResetSubscriptionRequest* request,
                                                   v1::ResetSubscriptionResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  subscriptions_.Reset(request->name(), request->start(), Into(reactor, response));
  return reactor;
}

grpc::ServerUnaryReactor* SubscriptionCalls::Acknowledge(grpc::CallbackServerContext* context,
                                                         const v1::AcknowledgeRequest* request,
                                                         v1::AcknowledgeResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  subscriptions_.Acknowledge(*request, Into(reactor, response));
  return reactor;
}

}  // namespace tasker::service
