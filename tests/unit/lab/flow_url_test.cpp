// SPDX-License-Identifier: MIT
#include "lab/flow_url.hpp"

#include <gmock/gmock.h>

#include "lab/load.hpp"

namespace egress::lab {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

Lab lab_with_hosts() {
  Lab lab;
  lab.hosts["sql"].ip_address = *Ipv4Address::parse("10.1.2.4");
  lab.hosts["website"] = {.ip_address = *Ipv4Address::parse("93.184.216.34"),
                          .names = {"www.example.com"}};
  return lab;
}

FlowUrl parsed(const std::string& url) {
  const auto result = parse_flow_url(lab_with_hosts(), url);
  EXPECT_TRUE(result.ok()) << url;
  return result.ok() ? *result : FlowUrl{};
}

std::string destination(const std::string& url) {
  return parsed(url).destination.to_string();
}

TEST(FlowUrls, CarryProtocolAddressAndPort) {
  const FlowUrl tcp = parsed("tcp://10.1.2.4:443");
  EXPECT_EQ(tcp.protocol, Protocol::kTcp);
  EXPECT_EQ(tcp.destination.to_string(), "10.1.2.4");
  EXPECT_EQ(tcp.port, 443);
  EXPECT_EQ(parsed("udp://1.2.3.4:65535").protocol, Protocol::kUdp);
  EXPECT_EQ(parsed("udp://1.2.3.4:65535").port, 65535);
  EXPECT_EQ(parsed("icmp://1.2.3.4").protocol, Protocol::kIcmp);
  EXPECT_EQ(parsed("icmp://1.2.3.4").port, 0);
}

TEST(FlowUrls, MayNameAHostOrOneOfItsNamesInAnyCase) {
  EXPECT_EQ(destination("tcp://sql:443"), "10.1.2.4");
  EXPECT_EQ(destination("tcp://SQL:443"), "10.1.2.4");
  EXPECT_EQ(destination("tcp://www.example.com:443"), "93.184.216.34");
  EXPECT_EQ(destination("icmp://WWW.Example.COM"), "93.184.216.34");
}

TEST(FlowUrls, UnknownNameIsNotFound) {
  const auto result = parse_flow_url(lab_with_hosts(), "tcp://nobody.example.com:443");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Errc::kNotFound);
  EXPECT_THAT(result.error().message, HasSubstr("nobody.example.com"));
}

TEST(FlowUrls, OtherTextIsInvalidAndToldTheForm) {
  for (const char* url :
       {"", "10.1.2.4:443", "http://10.1.2.4:80", "tcp://10.1.2.4", "tcp://:80",
        "tcp://10.1.2.4:", "tcp://10.1.2.4:0", "tcp://10.1.2.4:65536", "tcp://10.1.2.4:-1",
        "tcp://10.1.2.4:80/", "tcp://10.1.2.4:80x", "icmp://10.1.2.4:7", "tcp://[::1]:80",
        "tcp://a/b:80", "tcp://", "TCP://10.1.2.4:80"}) {
    const auto result = parse_flow_url(lab_with_hosts(), url);
    ASSERT_FALSE(result.ok()) << url;
    EXPECT_EQ(result.error().code, Errc::kInvalid) << url;
    EXPECT_THAT(result.error().message, HasSubstr("tcp://HOST:PORT")) << url;
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
    EXPECT_TRUE(parse_flow_url(*loaded.lab, url).ok()) << url;
  }
}

}  // namespace
}  // namespace egress::lab
