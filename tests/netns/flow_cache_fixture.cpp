// SPDX-License-Identifier: MIT
#include "tests/netns/flow_cache_fixture.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>

#include "compile/flow_cache.hpp"
#include "compile/names.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/flow_cache.hpp"
#include "tests/support/live_flows.hpp"

namespace egress::kernel_tests {

using namespace testing_support;

namespace {

void set_option(const UniqueFd& fd, int option, const void* value, socklen_t size) {
  EXPECT_EQ(::setsockopt(fd.get(), SOL_SOCKET, option, value, size), 0);
}

void be_patient(const UniqueFd& fd) {
  const timeval patience{.tv_sec = kHang.count(), .tv_usec = 0};
  set_option(fd, SO_RCVTIMEO, &patience, sizeof patience);
  set_option(fd, SO_SNDTIMEO, &patience, sizeof patience);
}

UniqueFd bound_in(const std::string& netns, uint16_t port) {
  UniqueFd fd = socket_in(netns, SOCK_STREAM);
  be_patient(fd);
  const int reuse = 1;
  set_option(fd, SO_REUSEADDR, &reuse, sizeof reuse);
  const sockaddr_in here = socket_address({}, port);
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&here), sizeof here), 0);
  return fd;
}

void route(state::NetnsState& netns, const char* destination, const char* link,
           const char* gateway) {
  const state::Route made{.destination = prefix(destination), .link = link, .gateway = ip(gateway)};
  netns.routes[state::key_of(made)] = made;
}

// A namespace that ends a link of a router's, in a network of its own.
void add_end(state::KernelState& state, const std::string& name, const std::string& router,
             const std::string& network) {
  const std::string netns = "eg-" + name;
  state[netns] = plain_netns();
  join(state, netns, "eth0", router, name);
  state[router]->links[name].mac = compile::kRouterMac;
  state[router]->addresses.insert({name, ip(network + "1"), 24});
  state[netns]->addresses.insert({"eth0", ip(network + "2"), 24});
  route(state[netns].change(), "0.0.0.0/0", "eth0", (network + "1").c_str());
}

}  // namespace

void FastPackets::SetUp() {
  LinuxFixture::SetUp();
  if (!has_flow_cache()) GTEST_SKIP() << "without flow cache";
}

void FlowCacheFixture::SetUp() {
  FastPackets::SetUp();
  if (!IsSkipped()) converge(topology());
}

state::KernelState FlowCacheFixture::topology() {
  state::KernelState state{{"eg-first", plain_netns()}, {"eg-second", plain_netns()}};
  state::NftTable table;
  table.chains["translation"] = {
      .hook = state::NftHook{"nat", "postrouting", 100},
      .rules = {{"oifname \"up\" meta l4proto { tcp, udp } snat to 10.9.2.1:20000-29999", "ports"},
                {"oifname \"up\" snat to 10.9.2.1", "others"}}};
  state["eg-first"]->firewall = state::make_firewall(std::move(table));
  add_end(state, "client", "eg-first", "10.9.1.");
  add_end(state, "other", "eg-first", "10.9.3.");
  add_end(state, "server", "eg-second", "10.9.4.");
  join(state, "eg-first", "up", "eg-second", "down");
  state["eg-first"]->addresses.insert({"up", ip("10.9.2.1"), 24});
  state["eg-second"]->addresses.insert({"down", ip("10.9.2.2"), 24});
  route(state["eg-first"].change(), "10.9.4.0/24", "up", "10.9.2.2");
  for (const char* router : {"eg-first", "eg-second"}) {
    for (auto& [name, link] : state[router]->links) {
      if (name != "lo") link.forwarding = true;
    }
  }
  compile::track_liberally(state);
  compile::add_flow_cache(state);
  return state;
}

uint64_t FastPackets::fast() {
  return kernel().flow_cache().packets;
}

uint64_t FastPackets::fast_while(const std::function<void()>& what) {
  const uint64_t before = fast();
  what();
  return fast() - before;
}

void FastPackets::warm_up(const std::function<void()>& exchange, uint64_t expected) {
  uint64_t most = 0;
  ASSERT_TRUE(eventually([&] {
    most = std::max(most, fast_while(exchange));
    return most >= expected || HasFailure();
  })) << "no more than "
      << most;
}

std::string FlowCacheFixture::tracked(const std::string& protocol) {
  const Outcome listed =
      run_script("ip netns exec eg-first conntrack -L -p " + protocol + " 2>/dev/null");
  return listed.out;
}

void FlowCacheFixture::set_tracking(const std::string& setting, int value) {
  by_hand(fmt::format("ip netns exec eg-first sysctl -qw net.netfilter.nf_conntrack_{}={}", setting,
                      value));
}

void Connected::exchange() const {
  char byte = 0;
  EXPECT_EQ(::send(client.get(), "a", 1, MSG_NOSIGNAL), 1);
  EXPECT_EQ(::recv(server.get(), &byte, 1, 0), 1);
  EXPECT_EQ(byte, 'a');
  EXPECT_EQ(::send(server.get(), "b", 1, MSG_NOSIGNAL), 1);
  EXPECT_EQ(::recv(client.get(), &byte, 1, 0), 1);
  EXPECT_EQ(byte, 'b');
}

UniqueFd listener_on(const std::string& netns, uint16_t port) {
  UniqueFd listener = bound_in(netns, port);
  EXPECT_EQ(::listen(listener.get(), 16), 0);
  return listener;
}

Connected connect_to(const UniqueFd& listener, Ipv4Address address, uint16_t port,
                     uint16_t from_port, const std::string& netns) {
  Connected made{.client = bound_in(netns, from_port)};
  const sockaddr_in there = socket_address(address, port);
  EXPECT_EQ(::connect(made.client.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there),
            0);
  made.server = UniqueFd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  EXPECT_TRUE(made.server.valid());
  be_patient(made.server);
  return made;
}

void reset(UniqueFd& end) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  set_option(end, SO_LINGER, &at_once, sizeof at_once);
  end.reset();
}

}  // namespace egress::kernel_tests
