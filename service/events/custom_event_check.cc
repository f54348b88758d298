#include "service/events/custom_event_check.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

#include "config/events/event_name.h"
#include "service/payloads/json_check.h"

namespace tasker::service {
namespace {

constexpr std::size_t kNameBytesMax = config::kEventNameBytesMax;
constexpr std::size_t kPayloadBytesMax = 64u << 10;

absl::Status CheckName(const std::string& name, std::string_view what) {
  const auto wrong = [&](std::string_view why) {
    return absl::InvalidArgumentError(absl::StrCat(
        std::string(what), ".name: \"", absl::CHexEscape(name), "\" ", std::string(why)));
  };
  if (name.size() > kNameBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat(std::string(what), ".name: ", name.size(),
                                                   " bytes are over the limit of ", kNameBytesMax));
  }
  if (!config::IsDottedEventName(name)) {
    return wrong("is not a dotted lower-case name, such as order.paid");
  }
  const std::string_view category = config::EventCategoryOf(name);
  if (category == "custom") return absl::OkStatus();
  return wrong(absl::StrCat("is the service's own to publish: names that begin with `",
                            name.substr(0, name.find('.')), ".` are"));
}

}  // namespace

absl::StatusOr<engine::PublishedEvent> CheckCustomEvent(const std::string& name,
                                                        std::string payload,
                                                        std::string_view what) {
  if (absl::Status checked = CheckName(name, what); !checked.ok()) return checked;
  if (payload.empty()) payload = "{}";
  const std::string where = absl::StrCat(std::string(what), ".payload");
  if (absl::Status json = CheckJson(payload, JsonKind::kObject, kPayloadBytesMax, where);
      !json.ok()) {
    return json;
  }
  return engine::PublishedEvent{name, engine::MakePayload(std::move(payload))};
}

}  // namespace tasker::service
