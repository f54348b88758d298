// Which addresses requests may go to.
#include "clients/http_handler/address_rules.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tasker::http_handler {
namespace {

using ::testing::HasSubstr;

bool Denied(const AddressRules& rules, const std::string& address) {
  return rules.WhyDenied(*AddressOf(address)).has_value();
}

TEST(AddressRules, Defaults_DenyWhatOnlyThisMachineMaySee) {
  for (const char* address :
       {"127.0.0.1", "127.255.0.9", "::1", "169.254.169.254", "169.254.0.1", "fe80::1", "febf::1",
        "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "0.0.0.0", "0.1.2.3",
        "::", "224.0.0.1", "ff02::1", "255.255.255.255", "240.0.0.1", "fec0::1"}) {
    EXPECT_TRUE(Denied({}, address)) << address;
  }
}

TEST(AddressRules, Defaults_DenyTheSameInsideIpv6) {
  for (const char* address :
       {"::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::169.254.169.254",
        "64:ff9b:1::7f00:1", "2002:7f00:1::", "2002:a9fe:a9fe::1",
        // Teredo: the client's address, every bit turned round.
        "2001:0:1:2:3:4:5601:5601"}) {
    EXPECT_TRUE(Denied({}, address)) << address;
  }
}

TEST(AddressRules, Defaults_AllowTheRest) {
  for (const char* address : {"8.8.8.8", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1",
                              "126.255.255.255", "128.0.0.1", "169.253.0.1", "2606:4700::1111",
                              "fd12::1", "::ffff:8.8.8.8", "2002:808:808::1", "64:ff9b::8.8.8.8"}) {
    EXPECT_FALSE(Denied({}, address)) << address;
  }
}

TEST(AddressRules, Private_IsDeniedIfAskedFor) {
  AddressRules rules;
  rules.DenyPrivate();
  for (const char* address :
       {"10.0.0.1", "172.31.255.255", "192.168.1.1", "100.127.0.1", "fd12::1", "::ffff:10.0.0.1"}) {
    EXPECT_TRUE(Denied(rules, address)) << address;
  }
  for (const char* address : {"8.8.8.8", "172.32.0.1", "100.128.0.1"}) {
    EXPECT_FALSE(Denied(rules, address)) << address;
  }
}

TEST(AddressRules, ByHand_DenyCountsBeforeAllowAndAllowBeforeTheDefaults) {
  AddressRules rules;
  rules.Allow(*NetworkOf("127.0.0.0/8"));
  rules.Deny(*NetworkOf("127.0.0.5"));
  rules.Deny(*NetworkOf("8.8.8.0/24"));
  EXPECT_FALSE(Denied(rules, "127.0.0.1"));
  EXPECT_FALSE(Denied(rules, "::ffff:127.0.0.1"));
  EXPECT_TRUE(Denied(rules, "127.0.0.5"));
  EXPECT_TRUE(Denied(rules, "8.8.8.8"));
  EXPECT_TRUE(Denied(rules, "64:ff9b::8.8.8.8"));
  EXPECT_FALSE(Denied(rules, "8.8.4.4"));
  EXPECT_TRUE(Denied(rules, "::1"));
}

TEST(AddressRules, Reason_NamesAddressAndWhy) {
  EXPECT_THAT(*AddressRules().WhyDenied(*AddressOf("::ffff:169.254.169.254")),
              ::testing::AllOf(HasSubstr("169.254.169.254"), HasSubstr("metadata")));
}

TEST(Network, Text_IsAnAddressWithOrWithoutBits) {
  EXPECT_TRUE(NetworkOf("10.0.0.0/8")->Contains(*AddressOf("10.255.0.1")));
  EXPECT_FALSE(NetworkOf("10.0.0.0/8")->Contains(*AddressOf("11.0.0.0")));
  EXPECT_TRUE(NetworkOf("10.0.0.0/9")->Contains(*AddressOf("10.127.0.1")));
  EXPECT_FALSE(NetworkOf("10.0.0.0/9")->Contains(*AddressOf("10.128.0.1")));
  EXPECT_TRUE(NetworkOf("0.0.0.0/0")->Contains(*AddressOf("1.2.3.4")));
  EXPECT_FALSE(NetworkOf("0.0.0.0/0")->Contains(*AddressOf("2606::1")));
  EXPECT_TRUE(NetworkOf("::/0")->Contains(*AddressOf("2606::1")));
  EXPECT_TRUE(NetworkOf("fd00::/8")->Contains(*AddressOf("fdff::1")));
  EXPECT_TRUE(NetworkOf("10.0.0.1")->Contains(*AddressOf("10.0.0.1")));
  EXPECT_FALSE(NetworkOf("10.0.0.1")->Contains(*AddressOf("10.0.0.2")));
  for (const char* text : {"", "10.0.0.0/33", "fd00::/129", "10.0.0.0/", "10.0.0.0/x",
                           "10.0.0.0/8x", "host", "10.0.0", "10.0.0.0/-1"}) {
    EXPECT_FALSE(NetworkOf(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace tasker::http_handler
