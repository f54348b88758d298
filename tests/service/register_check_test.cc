#include "service/handlers/register_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tasker::service {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

v1::ConnectRequest Good() {
  v1::ConnectRequest first;
  first.mutable_register_()->set_name("orders");
  first.mutable_register_()->set_instance_id("one");
  first.mutable_register_()->set_concurrency(4);
  first.mutable_register_()->add_handler_classes()->set_handler_class("H");
  return first;
}

TEST(CheckRegister, MakesACommandOfAGoodMessage) {
  v1::ConnectRequest first = Good();
  const engine::AttemptToken token{};
  first.mutable_register_()->add_held_tokens(token.Encode());
  const auto command = CheckRegister(first, engine::SessionId{9});
  ASSERT_TRUE(command.ok()) << command.status();
  EXPECT_EQ(command->session, engine::SessionId{9});
  EXPECT_EQ(command->name, "orders");
  EXPECT_EQ(command->concurrency, 4u);
  EXPECT_EQ(command->classes.at(0).handler_class, "H");
  EXPECT_THAT(command->held, ElementsAre(token));
}

TEST(CheckRegister, RefusesWithTheFieldsName) {
  const auto message = [](const v1::ConnectRequest& first) {
    return std::string(CheckRegister(first, engine::SessionId{1}).status().message());
  };
  v1::ConnectRequest first = Good();
  first.mutable_register_()->set_name(std::string(129, 'x'));
  EXPECT_THAT(message(first), HasSubstr("register.name: 129 bytes"));
  first = Good();
  first.mutable_register_()->set_concurrency(100'001);
  EXPECT_THAT(message(first), HasSubstr("register.concurrency: must be 1 to 100000, is 100001"));
  first = Good();
  first.mutable_drain();
  EXPECT_THAT(message(first), HasSubstr("nothing else"));
}

TEST(UnknownFields, AreFoundAtAnyDepthWithTheirPlace) {
  v1::ConnectRequest first = Good();
  EXPECT_THAT(UnknownFields(first), IsEmpty());
  v1::HandlerClass& served = *first.mutable_register_()->mutable_handler_classes(0);
  served.GetReflection()->MutableUnknownFields(&served)->AddVarint(77, 1);
  first.GetReflection()->MutableUnknownFields(&first)->AddVarint(88, 1);
  EXPECT_THAT(UnknownFields(first),
              ElementsAre("message: field 88", "register.handler_classes[0]: field 77"));
}

}  // namespace
}  // namespace tasker::service
