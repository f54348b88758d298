#include "engine/scheduling/pauses.h"

#include "absl/strings/str_cat.h"

namespace tasker::engine {

std::string PauseKey::ToString() const {
  if (!handler_class.empty()) return absl::StrCat("handler class ", handler_class);
  if (!template_name.empty()) return absl::StrCat("template ", namespace_name, ".", template_name);
  return absl::StrCat("namespace ", namespace_name);
}

storage::v1::OperatorRecord Encode(const OperatorAct& act) {
  storage::v1::OperatorRecord record;
  record.set_actor(act.actor);
  record.set_reason(act.reason);
  record.set_at_us(act.at.time_since_epoch().count());
  return record;
}

OperatorAct Decode(const storage::v1::OperatorRecord& record) {
  return {record.actor(), record.reason(), Timestamp(Duration(record.at_us()))};
}

storage::v1::PausesRecord Encode(const Pauses& pauses) {
  storage::v1::PausesRecord record;
  for (const auto& [key, act] : pauses) {
    storage::v1::PauseRecord& pause = *record.add_pauses();
    pause.set_namespace_(key.namespace_name);
    pause.set_template_name(key.template_name);
    pause.set_handler_class(key.handler_class);
    *pause.mutable_by() = Encode(act);
  }
  return record;
}

Pauses Decode(const storage::v1::PausesRecord& record) {
  Pauses pauses;
  for (const storage::v1::PauseRecord& pause : record.pauses()) {
    pauses[{pause.namespace_(), pause.template_name(), pause.handler_class()}] = Decode(pause.by());
  }
  return pauses;
}

}  // namespace tasker::engine
