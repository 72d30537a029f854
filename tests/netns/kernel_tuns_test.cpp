// SPDX-License-Identifier: MIT
// TUN devices on the real kernel: what others do to them is undone, and who opens their queue.

#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "kernel/netns.hpp"
#include "kernel/tun/device.hpp"
#include "tests/netns/linux_fixture.hpp"
#include "tests/support/live_flows.hpp"

namespace egress::kernel_tests {
namespace {

using kernel::open_inside;
using kernel::open_tun_queue;
using state::KernelState;
using state::Route;
using testing::HasSubstr;

class KernelTuns : public LinuxFixture, public testing::WithParamInterface<const char*> {
 protected:
  static KernelState lab() {
    KernelState state{{"eg-a", plain_netns()}};
    state::NetnsState& a = state["eg-a"].change();
    a.links["x0"] = {.name = "x0",
                     .kind = state::LinkKind::kTun,
                     .forwarding = true,
                     .accept_local = true,
                     .alias = "integration",
                     .tx_queue_length = 4096};
    a.addresses = {{"x0", ip("10.0.0.2"), 32}};
    const Route route{.table = 101, .link = "x0", .gateway = ip("10.0.0.1"), .onlink = true};
    a.routes[key_of(route)] = route;
    return state;
  }
  static Result<UniqueFd> open_queue(const std::string& name) {
    const auto netns = kernel::open_netns("eg-a");
    return open_inside(netns->get(), [&] { return open_tun_queue(name); });
  }
  static std::string flags_of(const std::string& name) {
    return testing_support::run_script("ip -n eg-a -o link show " + name).out;
  }
};

using KernelTunDrift = KernelTuns;

TEST_P(KernelTunDrift, IsSeenAndUndoneInOnePass) {
  const KernelState desired = lab();
  converge(desired);
  ASSERT_EQ(observe(), desired);
  by_hand(GetParam());
  EXPECT_NE(observe(), desired);
  EXPECT_GT(converge(desired), 0U);
  EXPECT_EQ(observe(), desired);
  EXPECT_TRUE(open_queue("x0").ok());
}

INSTANTIATE_TEST_SUITE_P(
    ByHand, KernelTunDrift,
    testing::Values("ip -n eg-a link set x0 alias mine", "ip -n eg-a link set x0 mtu 1400",
                    "ip -n eg-a link set x0 txqueuelen 500", "ip -n eg-a link set x0 down",
                    "ip -n eg-a link del x0", "ip -n eg-a link set x0 name x1",
                    "ip -n eg-a tuntap add t0 mode tun", "ip -n eg-a tuntap add t0 mode tap",
                    "ip -n eg-a link del x0; ip -n eg-a tuntap add x0 mode tun",
                    "ip -n eg-a link del x0; ip -n eg-a tuntap add x0 mode tap",
                    "ip -n eg-a link del x0; ip -n eg-a tuntap add x0 mode tun multi_queue",
                    "ip -n eg-a link del x0; ip -n eg-a link add x0 type veth peer name x1",
                    "ip netns exec eg-a sysctl -qw net.ipv4.conf.x0.forwarding=0"));

TEST_F(KernelTuns, AQueueIsOpenedByOneAtATimeAndBringsTheCarrier) {
  converge(lab());
  EXPECT_THAT(flags_of("x0"), HasSubstr("NO-CARRIER"));
  {
    const auto queue = open_queue("x0");
    ASSERT_TRUE(queue.ok()) << queue.error().to_string();
    EXPECT_THAT(flags_of("x0"), testing::Not(HasSubstr("NO-CARRIER")));
    const auto second = open_queue("x0");
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, Errc::kBusy);
    EXPECT_THAT(second.error().to_string(), HasSubstr("x0: somebody else has the interface"));
    const auto on = kernel::set_offload(queue->get(), true);
    EXPECT_TRUE(on.ok() && *on != kernel::Offload::kNone);
    const auto off = kernel::set_offload(queue->get(), false);
    EXPECT_TRUE(off.ok() && *off == kernel::Offload::kNone);
    EXPECT_EQ(observe(), lab());
  }
  EXPECT_THAT(flags_of("x0"), HasSubstr("NO-CARRIER"));
  EXPECT_EQ(observe(), lab());
}

// The kernel notices a carrier by and by, and drops packets until then.
TEST_F(KernelTuns, AQueueThatIsOpenGetsThePacketThatIsSentNext) {
  constexpr int kOpenings = 50;
  constexpr ssize_t kSize = kernel::kTunHeaderBytes + sizeof(iphdr) + sizeof(udphdr) + 1;
  converge(lab());
  by_hand("ip -n eg-a route add 10.0.0.1 dev x0");
  const auto sender = testing_support::socket_in("eg-a", SOCK_DGRAM);
  const sockaddr_in there = testing_support::socket_address(ip("10.0.0.1"), 9);
  int got = 0;
  for (int i = 0; i < kOpenings; ++i) {
    const auto queue = open_queue("x0");
    ASSERT_TRUE(queue.ok()) << queue.error().to_string();
    ASSERT_EQ(
        ::sendto(sender.get(), "x", 1, 0, reinterpret_cast<const sockaddr*>(&there), sizeof there),
        1);
    std::array<char, 128> packet{};
    if (::read(queue->get(), packet.data(), packet.size()) == kSize) ++got;
  }
  EXPECT_EQ(got, kOpenings);
}

TEST_F(KernelTuns, TheQueueOfNoDeviceMakesNone) {
  converge(lab());
  const auto queue = open_queue("x9");
  ASSERT_FALSE(queue.ok());
  EXPECT_EQ(queue.error().code, Errc::kNotFound);
  EXPECT_EQ(observe(), lab());
}

TEST_F(KernelTuns, TheQueueOfAnotherKindIsRefused) {
  converge({{"eg-a", plain_netns()}});
  by_hand("ip -n eg-a tuntap add t0 mode tap && ip -n eg-a link add v0 type veth peer name v1");
  EXPECT_FALSE(open_queue("t0").ok());
  EXPECT_FALSE(open_queue("v0").ok());
}

TEST_F(KernelTuns, ADeviceThatIsRemovedUnderItsQueueIsNoMoreThere) {
  converge(lab());
  const auto queue = open_queue("x0");
  ASSERT_TRUE(queue.ok()) << queue.error().to_string();
  EXPECT_TRUE(kernel::has_device(queue->get()));
  by_hand("ip -n eg-a link del x0");
  EXPECT_FALSE(kernel::has_device(queue->get()));
}

TEST_F(KernelTuns, ManyComeAndGoInOnePassEach) {
  KernelState many = lab();
  for (int i = 1; i < 50; ++i) {
    const std::string name = "x" + std::to_string(i);
    many["eg-a"]->links[name] = {
        .name = name, .kind = state::LinkKind::kTun, .tx_queue_length = 500};
  }
  converge(many);
  EXPECT_EQ(observe(), many);
  converge(lab());
  EXPECT_EQ(observe(), lab());
}

}  // namespace
}  // namespace egress::kernel_tests
