#include <string>

#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

#include "tests/cli/command_run.h"
#include "tests/cli/task_builder.h"

namespace tasker::cli {
namespace {

class HandlerCommandsTest : public testing::Test {
 protected:
  HandlerCommandsTest() {
    server_.answers().list_handlers = [this](const v1::ListHandlersRequest& request,
                                             v1::ListHandlersResponse* response) {
      request_ = request;
      auto* handler = response->add_handlers();
      handler->set_name("orders");
      handler->set_instance_id("i1");
      handler->set_sdk_name("tasker-python");
      handler->set_sdk_version("0.1.0");
      handler->set_peer("ipv4:10.0.0.7:5");
      handler->set_concurrency(8);
      handler->set_in_flight(3);
      handler->set_draining(true);
      *handler->mutable_connected_at() = At(absl::ZeroDuration());
      handler->add_handler_classes()->set_handler_class("Fetch");
      auto* narrow = handler->add_handler_classes();
      narrow->set_handler_class("Pay");
      narrow->set_namespace_("shop");
      narrow->set_version("1.2.0");
      narrow->set_concurrency(4);
      (*handler->mutable_labels())["zone"] = "eu";
      return grpc::Status::OK;
    };
  }

  FakeServer server_;
  v1::ListHandlersRequest request_;
};

TEST_F(HandlerCommandsTest, ListShowsLoadAndClasses) {
  const auto result = RunCommand(server_, {"handlers", "list", "--handler-class", "Fetch"});
  EXPECT_EQ(result.code, ExitCode::kOk);
  EXPECT_EQ(request_.handler_class(), "Fetch");
  EXPECT_EQ(result.out,
            "NAME    INSTANCE  SDK                  PEER             IN FLIGHT  STATE     "
            "CONNECTED                 CLASSES\n"
            "orders  i1        tasker-python 0.1.0  ipv4:10.0.0.7:5  3/8        draining  "
            "2025-03-01T09:30:00.000Z  Fetch, shop/Pay@1.2.0 x4\n");
}

TEST_F(HandlerCommandsTest, ListPrintsJson) {
  const auto json =
      nlohmann::json::parse(RunCommand(server_, {"handlers", "list", "--output", "json"}).out);
  EXPECT_EQ(json["handlers"][0]["inFlight"], 3);
  EXPECT_EQ(json["handlers"][0]["labels"]["zone"], "eu");
}

}  // namespace
}  // namespace tasker::cli
