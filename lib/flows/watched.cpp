// SPDX-License-Identifier: MIT
#include "flows/watched.hpp"

#include <utility>

#include "base/protocol.hpp"
#include "compile/names.hpp"

namespace egress::flows {

namespace {

// Of flows that have begun last.
constexpr size_t kMostSenders = 4096;

std::optional<Protocol> protocol_of(uint8_t number) {
  for (const Protocol known : {Protocol::kTcp, Protocol::kUdp, Protocol::kIcmp}) {
    if (number_of(known) == number) return known;
  }
  return std::nullopt;
}

}  // namespace

WatchedPlaces watched_places(const policy::Network& network, const std::string& prefix) {
  WatchedPlaces places;
  for (const auto& [name, worker] : network.workers) {
    places.flows_of.insert(
        compile::worker_netns(prefix, name.server_farm, name.instance, worker.is_next));
  }
  places.drops_of = places.flows_of;
  for (const policy::Network::Vnet& vnet : network.vnets) {
    places.drops_of.insert(compile::vnet_netns(prefix, vnet.name));
  }
  for (const policy::Interface& each : network.interfaces) {
    if (each.network_rules) places.drops_of.insert(compile::host_netns(prefix, each.name));
  }
  return places;
}

void Watched::follow(std::shared_ptr<const policy::Network> network) {
  if (network == network_) return;
  network_ = std::move(network);
  workers_.clear();
  vnets_.clear();
  if (network_ == nullptr) return;
  for (const auto& [name, worker] : network_->workers) {
    auto senders = compile::senders_of(*network_, name);
    if (!senders.ok()) continue;  // such a lab does not compile either
    workers_.emplace(
        compile::worker_netns(prefix_, name.server_farm, name.instance, worker.is_next),
        Worker{name, *std::move(senders)});
  }
  for (policy::Index index = 0; index < network_->vnets.size(); ++index) {
    vnets_.emplace(compile::vnet_netns(prefix_, network_->vnets[index].name),
                   Vnet{index, compile::drop_names(*network_, index)});
  }
  for (const policy::Interface& each : network_->interfaces) {
    if (!each.network_rules) continue;
    vnets_.emplace(compile::host_netns(prefix_, each.name),
                   Vnet{each.vnet, compile::drop_names(*network_, each)});
  }
}

std::optional<policy::Explanation> Watched::flow(const state::NetnsName& netns,
                                                 const state::TrackedFlow& flow) {
  const auto worker = workers_.find(netns);
  const auto protocol = protocol_of(flow.protocol);
  if (worker == workers_.end() || !protocol) return std::nullopt;
  const auto sender = worker->second.senders.find(flow.source);
  if (sender == worker->second.senders.end()) return std::nullopt;
  const bool ported = has_ports(flow.protocol);
  const auto& [app, public_attempt] = sender->second;
  remember({flow.protocol, flow.reply_destination, flow.reply_destination_port, flow.destination,
            ported ? flow.destination_port : uint16_t{0}},
           app);
  auto explanation = policy::explain_attempt(
      *network_, app, public_attempt,
      policy::Flow{.protocol = *protocol,
                   .destination = flow.destination,
                   .destination_port = ported ? flow.destination_port : uint16_t{0},
                   .source_port = ported ? flow.source_port : uint16_t{0}});
  if (!explanation.ok()) return std::nullopt;
  const bool enters = explanation->path == lab::Path::kVirtualNetwork;
  if (enters && explanation->sources.empty()) explanation->show({flow.reply_destination});
  return std::move(*explanation);
}

WatchedDrop Watched::drop(const state::NetnsName& netns, const state::DroppedPacket& packet) const {
  WatchedDrop drop{.by = {.rule = packet.prefix}, .packet = packet};
  if (const auto worker = workers_.find(netns); worker != workers_.end()) {
    drop.instance = worker->second.name;
    const auto sender = worker->second.senders.find(packet.source);
    if (sender != worker->second.senders.end()) drop.app = sender->second.sender;
    return drop;
  }
  const auto vnet = vnets_.find(netns);
  if (vnet == vnets_.end()) return drop;
  const auto name = vnet->second.names.find(packet.prefix);
  if (name != vnet->second.names.end()) drop.by = name->second;
  if (const auto* owner = network_->integration_near(vnet->second.index, packet.source)) {
    drop.instance = {owner->integration->server_farm, owner->integration->instance,
                     owner->integration->incarnation};
  }
  const bool ported = has_ports(packet.protocol);
  const auto sender =
      senders_.find({packet.protocol, packet.source, ported ? packet.source_port : uint16_t{0},
                     packet.destination, ported ? packet.destination_port : uint16_t{0}});
  if (sender != senders_.end()) drop.app = sender->second;
  return drop;
}

void Watched::remember(const Behind& flow, const policy::Sender& sender) {
  const auto [known, is_new] = senders_.insert_or_assign(flow, sender);
  if (!is_new) return;
  oldest_.push_back(known->first);
  if (oldest_.size() <= kMostSenders) return;
  senders_.erase(oldest_.front());
  oldest_.pop_front();
}

}  // namespace egress::flows
