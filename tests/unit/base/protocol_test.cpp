// SPDX-License-Identifier: MIT
#include "base/protocol.hpp"

#include <gtest/gtest.h>

namespace egress {
namespace {

TEST(Port, IsWrittenAsItIsParsed) {
  for (const char* text : {"tcp/1", "tcp/443", "udp/65535"}) {
    EXPECT_EQ(Port::parse(text).value().to_string(), text);
  }
}

TEST(Port, IsOfTcpOrUdpAndFrom1To65535) {
  for (const char* wrong :
       {"", "tcp", "tcp/", "tcp/0", "tcp/65536", "tcp/-1", "tcp/80x", "TCP/80", "icmp/1", "80"}) {
    const auto port = Port::parse(wrong);
    ASSERT_FALSE(port.ok()) << wrong;
    EXPECT_EQ(port.error().message, std::string("'") + wrong + "' is not tcp/PORT or udp/PORT");
  }
}

}  // namespace
}  // namespace egress
