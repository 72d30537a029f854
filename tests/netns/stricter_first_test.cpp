// SPDX-License-Identifier: MIT

// While one revision of a lab replaces another nothing passes that neither lets through (contract
// "Decided" 29), although namespaces change one after the other; and what both let through passes.
// Each packet begins a flow, as what has been admitted before is not judged again.

#include <gmock/gmock.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <ostream>
#include <string>
#include <thread>

#include "compile/compile.hpp"
#include "reconcile/pass.hpp"
#include "tests/netns/linux_fixture.hpp"
#include "tests/netns/raw_packets.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/lab_from.hpp"
#include "tests/support/live_flows.hpp"
#include "tests/support/network_of.hpp"

namespace egress::kernel_tests {
namespace {

using testing_support::eventually;
using testing_support::lab_from;
using testing_support::network_of;

constexpr int kTurns = 40;
constexpr uint32_t kPacketsPerTurn = 1400;
constexpr uint16_t kFirstSourcePort = 4000;
constexpr uint16_t kContested = 9000;  // one of two closes it, whatever the revision
constexpr uint16_t kAllowed = 9001;    // nobody does
constexpr uint16_t kOther = 9100;
constexpr std::chrono::microseconds kPause{10};

using Change = void (*)(lab::Lab& lab);

// Two revisions of a lab, in each of which something closes the way.
struct Case {
  const char* name = "";
  const char* lab = "";
  Change one = nullptr;
  Change other = nullptr;
  bool leads_there = true;  // what neither closes, whatever the revision
};

std::ostream& operator<<(std::ostream& out, const Case& shown) {
  return out << shown.name;
}

constexpr const char* kPeered = R"(
virtualNetworks:
  a:
    addressPrefixes: [10.1.0.0/16]
    subnets: {senders: {addressPrefix: 10.1.1.0/24, networkSecurityGroup: out, routeTable: table}}
    virtualNetworkPeerings: {b: {}}
  b:
    addressPrefixes: [10.2.0.0/16]
    subnets: {sinks: {addressPrefix: 10.2.1.0/24, networkSecurityGroup: in}}
    virtualNetworkPeerings: {a: {}}
networkSecurityGroups: {out: {}, in: {}}
routeTables: {table: {}}
hosts:
  sender: {subnet: a/senders, ipAddress: 10.1.1.4}
  sink: {subnet: b/sinks, ipAddress: 10.2.1.4}
)";

constexpr const char* kTogether = R"(
virtualNetworks:
  a:
    addressPrefixes: [10.1.0.0/16, 10.2.0.0/16]
    subnets:
      senders: {addressPrefix: 10.1.1.0/24, networkSecurityGroup: out}
      sinks: {addressPrefix: 10.2.1.0/24, networkSecurityGroup: in}
networkSecurityGroups: {out: {}, in: {}}
hosts:
  sender: {subnet: a/senders, ipAddress: 10.1.1.4}
  sink: {subnet: a/sinks, ipAddress: 10.2.1.4}
)";

void deny(lab::Lab& lab, const char* group, lab::Direction direction, uint16_t port) {
  lab.network_security_groups[group].security_rules[std::to_string(port)] = {
      .priority = port / 10,
      .direction = direction,
      .access = lab::Access::kDeny,
      .protocol = lab::SecurityRuleProtocol::kUdp,
      .source = {.any = true},
      .destination = {.any = true},
      .source_ports = PortSet::all(),
      .destination_ports = PortSet({{port, port}})};
}

void shut_out(lab::Lab& lab) {
  deny(lab, "out", lab::Direction::kOutbound, kContested);
}
void shut_in(lab::Lab& lab) {
  deny(lab, "in", lab::Direction::kInbound, kContested);
}
// With a rule more where the way is open, each list gets looser and stricter at once.
void shut_out_and_turn_in(lab::Lab& lab) {
  shut_out(lab);
  deny(lab, "in", lab::Direction::kInbound, kOther);
}
void shut_in_and_turn_out(lab::Lab& lab) {
  shut_in(lab);
  deny(lab, "out", lab::Direction::kOutbound, kOther);
}
void lead_nowhere(lab::Lab& lab) {
  lab.route_tables["table"].routes["nowhere"] = {.address_prefix = prefix("10.2.0.0/16"),
                                                 .next_hop_type = lab::NextHopType::kNone};
}

// Packets of one flow each, from the sender to the sink, one after the other.
class Flood {
 public:
  Flood() : sender_("eg-host-sender", "eth0") {}

  // Until stop() or until the packets of a turn are used up.
  void start() {
    stop_ = false;
    const uint32_t first = sent_;
    thread_ = std::thread([this, first] {
      while (!stop_ && sent_ - first < kPacketsPerTurn) {
        send();
        std::this_thread::sleep_for(kPause);
      }
    });
  }
  void stop() {
    stop_ = true;
    thread_.join();
  }
  uint32_t sent() const { return sent_; }

 private:
  void send() {
    const Ends ends{ip("10.1.1.4"), ip("10.2.1.4")};
    const auto source = static_cast<uint16_t>(kFirstSourcePort + sent_);
    sender_.send(udp_packet(ends, {source, kContested}));
    sender_.send(udp_packet(ends, {source, kAllowed}));
    ++sent_;
  }

  RawSender sender_;
  std::thread thread_{};
  std::atomic<bool> stop_{false};
  std::atomic<uint32_t> sent_{0};
};

// What has come to one port of the sink.
class Sink {
 public:
  explicit Sink(uint16_t port) : fd_(testing_support::socket_in("eg-host-sink", SOCK_DGRAM)) {
    constexpr int kRoom = 16 << 20;
    EXPECT_EQ(::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kRoom, sizeof kRoom), 0);
    const sockaddr_in here = testing_support::socket_address({}, port);
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&here), sizeof here), 0);
  }
  uint32_t come() {
    char byte = 0;
    while (::recv(fd_.get(), &byte, 1, MSG_DONTWAIT) >= 0) ++come_;
    return come_;
  }

 private:
  UniqueFd fd_;
  uint32_t come_ = 0;
};

class StricterFirst : public LinuxFixture, public testing::WithParamInterface<Case> {
 protected:
  void SetUp() override {
    LinuxFixture::SetUp();
    one_ = other_ = lab_from(GetParam().lab);
    GetParam().one(one_);
    GetParam().other(other_);
    reach(one_);
  }

  void reach(const lab::Lab& lab) {
    const auto network = network_of(lab, network_.get());
    const state::KernelState state = compile::compile(*network).value();
    state::Firewalls meanwhile;
    if (network_ != nullptr) meanwhile = compile::meanwhile(*network_, {*network, state}).value();
    ASSERT_TRUE(reconcile::run(kernel(), state, {}, meanwhile).in_sync());
    network_ = network;
  }

  lab::Lab one_{};
  lab::Lab other_{};
  std::shared_ptr<const policy::Network> network_{};
};

TEST_P(StricterFirst, NothingPassesThatNeitherRevisionLetsThrough) {
  Sink contested(kContested);
  Sink allowed(kAllowed);
  const uint64_t dropped_before = testing_support::dropped_by_queues();
  Flood flood;
  for (int i = 0; i < kTurns; ++i) {
    flood.start();
    reach(i % 2 == 0 ? other_ : one_);
    flood.stop();
  }
  EXPECT_GT(flood.sent(), 1000U);
  // Behind all others, by the same way.
  if (GetParam().leads_there) {
    EXPECT_TRUE(eventually([&] {
      return allowed.come() + testing_support::dropped_by_queues() - dropped_before >= flood.sent();
    }));
  }
  EXPECT_EQ(contested.come(), 0U);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, StricterFirst,
    testing::Values(Case{"ListsOfPeers", kPeered, shut_out, shut_in},
                    Case{"ListsOfPeersThatTurnBothWays", kPeered, shut_out_and_turn_in,
                         shut_in_and_turn_out},
                    Case{"ListsOfOneNetwork", kTogether, shut_out, shut_in},
                    Case{"ListAndRoute", kPeered, lead_nowhere, shut_in, false}),
    [](const testing::TestParamInfo<Case>& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace egress::kernel_tests
