#include "tasker/testkit/fake_event.h"

#include <map>
#include <utility>

#include "clients/cpp/src/json_text.h"

namespace tasker::testkit {

client::Event FakeEvent(const std::string& name, const client::Json& fields) {
  using Setter = void (*)(v1::Event&, std::string);
  static const std::map<std::string, Setter, std::less<>> kOwn = {
      {"event_id", [](v1::Event& e, std::string v) { e.set_event_id(std::move(v)); }},
      {"cursor", [](v1::Event& e, std::string v) { e.set_cursor(std::move(v)); }},
      {"task_id", [](v1::Event& e, std::string v) { e.set_task_id(std::move(v)); }},
      {"task_name", [](v1::Event& e, std::string v) { e.set_task_name(std::move(v)); }},
      {"namespace", [](v1::Event& e, std::string v) { e.set_namespace_(std::move(v)); }},
      {"version", [](v1::Event& e, std::string v) { e.set_version(std::move(v)); }},
      {"step_id", [](v1::Event& e, std::string v) { e.set_step_id(std::move(v)); }},
      {"step_name", [](v1::Event& e, std::string v) { e.set_step_name(std::move(v)); }},
  };
  v1::Event event;
  event.set_event_id("fake");
  event.set_name(name);
  event.set_category(name.substr(0, name.find('.')));
  client::Json payload = client::Json::object();
  for (const auto& [key, value] : fields.items()) {
    const auto own = kOwn.find(key);
    if (own != kOwn.end()) {
      own->second(event, value.get<std::string>());
    } else if (key == "attempt_number") {
      event.set_attempt_number(value.get<std::uint32_t>());
    } else {
      payload[key] = value;
    }
  }
  event.set_payload(client::PrintJson(payload));
  return client::Event(std::move(event));
}

}  // namespace tasker::testkit
