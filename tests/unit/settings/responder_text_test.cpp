// SPDX-License-Identifier: MIT
#include "settings/responder_text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace egress::settings {
namespace {

const Responder kWebsite{
    .host = "website",
    .listen = {{Protocol::kUdp, 9999}, {Protocol::kTcp, 443}, {Protocol::kTcp, 80}}};

const Responder kService{
    .host = "filestore",
    .listen = {{Protocol::kTcp, 443}},
    .device = "eth0",
    .ways = {{.device = "v-spoke",
              .mark = 300,
              .listen = {{Protocol::kTcp, 443}},
              .subnets = {{Ipv4Prefix{{0x0a010100}, 26}, "spoke/integration"}}},
             {.device = "p-pe",
              .mark = 301,
              .listen = {{Protocol::kTcp, 445}},
              .way = policy::Entry::Way::kPrivateEndpoint}},
    .firewall =
        policy::ServiceFirewall{.public_network_access = lab::PublicNetworkAccess::kDisabled,
                                .acls = {.default_action = lab::Access::kDeny,
                                         .ip_rules = {Ipv4Prefix{{0x14320104}, 32}},
                                         .virtual_network_rules = {{"spoke", "integration"}}},
                                .refusal = lab::Refusal::kStorage,
                                .name = "filestore"},
    .served = {.names = {"filestore.blob.core.windows.net"},
               .addresses = {Ipv4Address{0x0a010305}},
               .any_name = true},
    .authority = {.certificate = "one\nline\n", .key = "another\n"}};

TEST(ResponderText, IsOneLineWithThePortsInOrder) {
  EXPECT_EQ(to_text(kWebsite), R"({"host":"website","listen":["tcp/80","tcp/443","udp/9999"]})");
}

TEST(ResponderText, ReadsWhatItWrote) {
  for (const Responder& responder : {kWebsite, Responder{.host = "a \"quoted\" name"}, kService}) {
    const auto read = parse_responder(to_text(responder));
    ASSERT_TRUE(read.ok()) << read.error().to_string();
    EXPECT_EQ(*read, responder);
  }
}

TEST(ResponderText, RefusesWhatIsNoSettingsOfAResponder) {
  for (
      const char* text :
      {"", "[]", "{}", R"({"host":"a"})", R"({"host":1,"listen":[]})",
       R"({"host":"a","listen":[80]})", R"({"host":"a","listen":["tcp/0"]})",
       R"({"host":"a","listen":["icmp"]})", R"({"host":"a","listen":[]} more)",
       R"({"host":"a","listen":[],"ways":[{}]})", R"({"host":"a","listen":[],"firewall":{}})",
       R"({"host":"a","listen":[],"served":{}})",
       R"({"host":"a","listen":[],"authority":{"certificate":"a"}})",
       R"({"host":"a","listen":[],"served":{"names":[1],"addresses":[],"anyName":false}})",
       R"({"host":"a","listen":[],"served":{"names":[],"addresses":["x"],"anyName":false}})",
       R"({"host":"a","listen":[],"ways":[{"device":"x","mark":1,"listen":[],"way":9,"subnets":[]}]})",
       R"({"host":"a","listen":[],"ways":[{"device":"x","mark":1,"listen":[],"way":1,"subnets":[["1","s"]]}]})"}) {
    const auto read = parse_responder(text);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_EQ(read.error().code, Errc::kInvalid) << text;
  }
}

TEST(ResponderText, KnowsThePortsOnWhichTlsMayBegin) {
  EXPECT_TRUE(may_speak_tls({Protocol::kTcp, 443}));
  EXPECT_TRUE(may_speak_tls({Protocol::kTcp, 8443}));
  EXPECT_FALSE(may_speak_tls({Protocol::kUdp, 443}));
  EXPECT_FALSE(may_speak_tls({Protocol::kTcp, 80}));
}

}  // namespace
}  // namespace egress::settings
