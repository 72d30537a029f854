// SPDX-License-Identifier: MIT
#include "policy/explain.hpp"
#include "tests/unit/policy/lab_builder.hpp"

namespace egress::policy::test {
namespace {

using testing::HasSubstr;

FlowUrl parsed(const std::string& url) {
  const auto result = parse_flow_url(example_lab(), url);
  EXPECT_TRUE(result.ok()) << url;
  return result.ok() ? *result : FlowUrl{};
}

TEST(FlowUrls, CarryProtocolAddressAndPort) {
  const FlowUrl tcp = parsed("tcp://10.1.2.4:443");
  EXPECT_EQ(tcp.protocol, FlowProtocol::kTcp);
  EXPECT_EQ(tcp.destination, ip("10.1.2.4"));
  EXPECT_EQ(tcp.port, 443);
  EXPECT_EQ(parsed("udp://1.2.3.4:65535").protocol, FlowProtocol::kUdp);
  EXPECT_EQ(parsed("udp://1.2.3.4:65535").port, 65535);
  EXPECT_EQ(parsed("icmp://1.2.3.4").protocol, FlowProtocol::kIcmp);
  EXPECT_EQ(parsed("icmp://1.2.3.4").port, 0);
}

TEST(FlowUrls, MayNameAHostOrOneOfItsNames) {
  EXPECT_EQ(parsed("tcp://sql:443").destination, ip("10.1.2.4"));
  EXPECT_EQ(parsed("tcp://www.example.com:443").destination, ip("93.184.216.34"));
  EXPECT_EQ(parsed("icmp://WWW.Example.COM").destination, ip("93.184.216.34"));
}

TEST(FlowUrls, UnknownNameIsNotFound) {
  const auto result = parse_flow_url(example_lab(), "tcp://nobody.example.com:443");
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
    const auto result = parse_flow_url(example_lab(), url);
    ASSERT_FALSE(result.ok()) << url;
    EXPECT_EQ(result.error().code, Errc::kInvalid) << url;
    EXPECT_THAT(result.error().message, HasSubstr("tcp://ADDRESS:PORT")) << url;
  }
}

}  // namespace
}  // namespace egress::policy::test
