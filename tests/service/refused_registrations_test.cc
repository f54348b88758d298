#include "service/handlers/refused_registrations.h"

#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "service/events/event_view.h"

namespace tasker::service {
namespace {

using Json = nlohmann::json;

class RefusedRegistrationsTest : public testing::Test {
 protected:
  void Refuse(std::chrono::milliseconds at) {
    v1::Register asked;
    asked.set_name("billing");
    v1::HandlerClass& served = *asked.add_handler_classes();
    served.set_handler_class("Billing::ChargeHandler");
    served.set_namespace_("payments");
    refused_.Add(asked, absl::InvalidArgumentError("register.concurrency: must be 1 to 100000"),
                 engine::Timestamp(std::chrono::hours(1)) + at);
  }

  Json Payload(std::size_t place) {
    return Json::parse(ViewOf(events_.at(place), EventCursor{}).payload());
  }

  std::vector<storage::v1::EventRecord> events_;
  RefusedRegistrations refused_{
      [this](storage::v1::EventRecord event) { events_.push_back(std::move(event)); }};
};

TEST_F(RefusedRegistrationsTest, AreToldWithWhatTheHandlerAskedForAndWhy) {
  Refuse(std::chrono::milliseconds(0));
  ASSERT_EQ(events_.size(), 1u);
  EXPECT_EQ(ViewOf(events_[0], EventCursor{}).category(), "registry");
  EXPECT_EQ(Payload(0), Json({{"handler_name", "billing"},
                              {"error_message", "register.concurrency: must be 1 to 100000"},
                              {"passed_over", 0},
                              {"handler_class", "Billing::ChargeHandler"},
                              {"namespace_name", "payments"},
                              {"version", ""}}));
}

TEST_F(RefusedRegistrationsTest, AreToldOnceASecondAndTheOthersCounted) {
  for (int i = 0; i < 1000; ++i) Refuse(std::chrono::milliseconds(i));
  ASSERT_EQ(events_.size(), 1u);
  Refuse(std::chrono::milliseconds(1000));
  ASSERT_EQ(events_.size(), 2u);
  EXPECT_EQ(Payload(1)["passed_over"], 999);
}

TEST_F(RefusedRegistrationsTest, AreToldAlsoAfterTheClockWasSetBack) {
  Refuse(std::chrono::milliseconds(5000));
  Refuse(std::chrono::milliseconds(1000));
  EXPECT_EQ(events_.size(), 2u);
}

}  // namespace
}  // namespace tasker::service
