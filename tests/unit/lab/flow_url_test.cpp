// SPDX-License-Identifier: MIT
#include "lab/flow_url.hpp"

#include <gmock/gmock.h>

#include "lab/load.hpp"

namespace egress::lab {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

FlowTarget parsed(const std::string& url) {
  const auto result = parse_flow_target(url);
  EXPECT_TRUE(result.ok()) << url;
  return result.ok() ? *result : FlowTarget{};
}

TEST(FlowUrls, CarryProtocolHostAndPort) {
  const FlowTarget tcp = parsed("tcp://10.1.2.4:443");
  EXPECT_EQ(tcp.protocol, Protocol::kTcp);
  EXPECT_EQ(tcp.host, "10.1.2.4");
  EXPECT_EQ(tcp.port, 443);
  EXPECT_EQ(parsed("udp://1.2.3.4:65535").protocol, Protocol::kUdp);
  EXPECT_EQ(parsed("udp://1.2.3.4:65535").port, 65535);
  EXPECT_EQ(parsed("icmp://WWW.Example.COM").protocol, Protocol::kIcmp);
  EXPECT_EQ(parsed("icmp://WWW.Example.COM").host, "WWW.Example.COM");
  EXPECT_EQ(parsed("icmp://1.2.3.4").port, 0);
}

TEST(FlowUrls, OtherTextIsInvalid) {
  for (const char* url :
       {"", "10.1.2.4:443", "http://10.1.2.4:80", "tcp://10.1.2.4", "tcp://:80", "tcp://10.1.2.4:",
        "tcp://10.1.2.4:0", "tcp://10.1.2.4:65536", "tcp://10.1.2.4:-1", "tcp://10.1.2.4:80/",
        "tcp://10.1.2.4:80x", "icmp://10.1.2.4:7", "tcp://[::1]:80", "tcp://a/b:80", "tcp://",
        "TCP://10.1.2.4:80", "tcp://a b:80", "tcp://a\r\n:80", "tcp://a\x7f:80"}) {
    const auto result = parse_flow_target(url);
    ASSERT_FALSE(result.ok()) << url;
    EXPECT_EQ(result.error().code, Errc::kInvalid) << url;
    EXPECT_THAT(result.error().message, HasSubstr("is not the URL of a flow")) << url;
  }
}

TEST(FlowUrls, ToWhatNeverLeavesAHostAreKnown) {
  for (const char* address : {"0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255"}) {
    EXPECT_TRUE(never_leaves_a_host(Ipv4Address::parse(address).value())) << address;
  }
  for (const char* address : {"0.0.0.1", "126.255.255.255", "240.0.0.1"}) {
    EXPECT_FALSE(never_leaves_a_host(Ipv4Address::parse(address).value())) << address;
  }
}

// An expectation may ask whatever `explain` answers.
TEST(FlowUrls, AreTheSameInExpectations) {
  for (const char* url :
       {"tcp://WWW.Example.com:443", "icmp://SQL", "tcp://240.0.0.1:80", "udp://0.1.2.3:9"}) {
    const std::string text = R"(
outboundIpAddresses: [20.50.1.4]
virtualNetworks: {v: {addressPrefixes: [10.1.0.0/16], subnets: {s: {addressPrefix: 10.1.2.0/24}}}}
serverFarms: {plan: {}}
sites: {web: {serverFarm: plan}}
hosts:
  sql: {subnet: v/s, ipAddress: 10.1.2.4}
  website: {internet: true, ipAddress: 93.184.216.34, names: [www.example.com]}
expectations: [{from: web, to: ")" +
                             std::string(url) + R"(", expect: drop}])";
    const Loaded loaded = load(text, "lab.yaml", reader_beside("lab.yaml"));
    ASSERT_TRUE(loaded.lab) << url << ": " << loaded.findings.front().to_string();
    EXPECT_THAT(loaded.findings, IsEmpty()) << url;
    EXPECT_TRUE(parse_flow_target(url).ok()) << url;
  }
}

}  // namespace
}  // namespace egress::lab
