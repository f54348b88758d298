#include "service/events/registry_events.h"

#include <string>

#include <google/protobuf/util/json_util.h>
#include <nlohmann/json.hpp>

#include "config/utf8.h"
#include "engine/events/event_names.h"
#include "engine/tasks/record_codec.h"

namespace tasker::service {
namespace {

using Json = nlohmann::ordered_json;
namespace names = engine::event_names;

constexpr std::size_t kNameBytesMax = 256;
constexpr std::size_t kMessageBytesMax = 4u << 10;
// A filter may name a thousand tasks.
constexpr std::size_t kFilterBytesMax = 16u << 10;

std::string Cut(std::string_view text, std::size_t bytes_max) {
  if (text.size() > bytes_max) text = text.substr(0, config::CharacterStart(text, bytes_max));
  return std::string(text);
}

storage::v1::EventRecord Made(std::string_view event, const Json& payload, engine::Timestamp now) {
  storage::v1::EventRecord record;
  record.set_name(std::string(event));
  record.set_at_us(engine::ToMicros(now));
  // What is no UTF-8 must not keep the event from being told.
  record.set_payload(payload.dump(-1, ' ', false, Json::error_handler_t::replace));
  return record;
}

Json Named(std::string_view name) { return {{"subscription", Cut(name, kNameBytesMax)}}; }

Json FilterJson(const v1::EventFilter& filter) {
  std::string text;
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  if (!google::protobuf::util::MessageToJsonString(filter, &text, options).ok() ||
      text.size() > kFilterBytesMax) {
    return nullptr;
  }
  return Json::parse(text, nullptr, false);
}

}  // namespace

storage::v1::EventRecord SubscriberRegistered(std::string_view name, const v1::EventFilter& filter,
                                              engine::Timestamp now) {
  Json payload = Named(name);
  if (Json shown = FilterJson(filter); shown.is_object()) payload["filter"] = std::move(shown);
  return Made(names::kSubscriberRegistered, payload, now);
}

storage::v1::EventRecord SubscriberUnregistered(std::string_view name, engine::Timestamp now) {
  return Made(names::kSubscriberUnregistered, Named(name), now);
}

storage::v1::EventRecord SubscriberRefused(std::string_view name, const absl::Status& why,
                                           engine::Timestamp now) {
  Json payload = Named(name);
  payload["error_message"] = Cut(std::string(why.message()), kMessageBytesMax);
  return Made(names::kSubscriberValidationFailed, payload, now);
}

storage::v1::EventRecord HandlerRefused(const v1::Register& asked, const absl::Status& why,
                                        std::uint64_t passed_over, engine::Timestamp now) {
  Json payload = {{"handler_name", Cut(asked.name(), kNameBytesMax)},
                  {"error_message", Cut(std::string(why.message()), kMessageBytesMax)},
                  {"passed_over", passed_over}};
  if (asked.handler_classes_size() > 0) {
    const v1::HandlerClass& first = asked.handler_classes(0);
    payload["handler_class"] = Cut(first.handler_class(), kNameBytesMax);
    payload["namespace_name"] = Cut(first.namespace_(), kNameBytesMax);
    payload["version"] = Cut(first.version(), kNameBytesMax);
  }
  return Made(names::kHandlerValidationFailed, payload, now);
}

}  // namespace tasker::service
