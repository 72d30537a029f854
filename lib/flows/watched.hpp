// SPDX-License-Identifier: MIT
#pragma once

// What namespaces tell of as it happens, as what apps did: flows that begin in workers, with the
// decision about them, and packets that rules have dropped. The one is what the evaluator says of a
// flow that the kernel has seen, the other the kernel's own word.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "compile/drop_names.hpp"
#include "compile/senders.hpp"
#include "policy/explain.hpp"
#include "policy/network.hpp"
#include "state/dropped_packet.hpp"
#include "state/kernel_state.hpp"
#include "state/tracked_flow.hpp"

namespace egress::flows {

struct WatchedDrop {
  std::optional<policy::Sender> app{};          // empty: whose packet it was is not known
  std::optional<policy::WorkerKey> instance{};  // likewise, or it is no app's
  compile::DropName by{};
  state::DroppedPacket packet{};
};

// Where flows of apps begin, and where rules drop packets.
struct WatchedPlaces {
  std::set<state::NetnsName> flows_of{};
  std::set<state::NetnsName> drops_of{};
  bool operator==(const WatchedPlaces&) const = default;
};
WatchedPlaces watched_places(const policy::Network& network, const std::string& prefix);

// One at a time may use it, on any thread.
class Watched {
 public:
  explicit Watched(std::string prefix) : prefix_(std::move(prefix)) {}

  // The lab in force from now on, or none.
  void follow(std::shared_ptr<const policy::Network> network);

  // Empty for what no app has begun, or for what has no decision. The source of what does not
  // arrive is the one that the network sees.
  std::optional<policy::Explanation> flow(const state::NetnsName& netns,
                                          const state::TrackedFlow& flow);
  WatchedDrop drop(const state::NetnsName& netns, const state::DroppedPacket& packet) const;

 private:
  struct Worker {
    policy::WorkerKey name{};
    std::map<Ipv4Address, compile::SenderAt> senders{};
  };
  // A network, or a firewall in it.
  struct Vnet {
    policy::Index index = policy::kNowhere;
    std::map<std::string, compile::DropName> names{};  // by what the kernel says
  };
  // A flow behind its worker: the address and the port that it has there, and where it goes.
  using Behind = std::tuple<uint8_t, Ipv4Address, uint16_t, Ipv4Address, uint16_t>;

  void remember(const Behind& flow, const policy::Sender& sender);

  std::string prefix_;
  std::shared_ptr<const policy::Network> network_{};
  std::map<state::NetnsName, Worker> workers_{};
  std::map<state::NetnsName, Vnet> vnets_{};
  // Who has sent last. Of a later flow with the same numbers the app is another.
  std::map<Behind, policy::Sender> senders_{};
  std::deque<Behind> oldest_{};
};

}  // namespace egress::flows
