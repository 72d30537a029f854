// SPDX-License-Identifier: MIT
#pragma once

// What goes fast, and the smallest world in which it does: two routers between clients and a
// server. The first tracks connections and gives each another source address and port, the second
// only routes.

#include <cstdint>
#include <functional>
#include <string>

#include "base/ip.hpp"
#include "base/unique_fd.hpp"
#include "tests/netns/linux_fixture.hpp"

namespace egress::kernel_tests {

// For every lab.
class FastPackets : public LinuxFixture {
 protected:
  static constexpr uint16_t kPort = 7000;

  // Skips the test where there is no flow cache.
  void SetUp() override;

  // How often a router has sent a packet on without its ordinary way.
  uint64_t fast();
  // How often while `what` was done.
  uint64_t fast_while(const std::function<void()>& what);
  // Repeats `exchange` until as many packets of it have gone fast as it takes.
  void warm_up(const std::function<void()>& exchange, uint64_t expected);
};

class FlowCacheFixture : public FastPackets {
 protected:
  static constexpr uint64_t kRouters = 2;
  static constexpr uint16_t kClientPort = 4000;

  void SetUp() override;

  static state::KernelState topology();

  // What connection tracking of the first router says of flows of a protocol.
  static std::string tracked(const std::string& protocol);
  static void set_tracking(const std::string& setting, int value);

  const Ipv4Address kServer = ip("10.9.4.2");
  const Ipv4Address kTranslated = ip("10.9.2.1");
};

// A connection from eg-client to eg-server, and both of its ends.
struct Connected {
  UniqueFd client{};
  UniqueFd server{};

  // A byte there and one back.
  void exchange() const;
};
// By a listener that waits on every address; from a port that may have been in use a moment ago.
UniqueFd listener_on(const std::string& netns, uint16_t port);
Connected connect_to(const UniqueFd& listener, Ipv4Address address, uint16_t port,
                     uint16_t from_port = 0, const std::string& netns = "eg-client");
// With a reset.
void reset(UniqueFd& end);

}  // namespace egress::kernel_tests
