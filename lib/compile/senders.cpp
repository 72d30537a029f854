// SPDX-License-Identifier: MIT
#include "compile/senders.hpp"

#include "compile/lanes.hpp"
#include "compile/worker.hpp"

namespace egress::compile {

Result<std::map<Ipv4Address, SenderAt>> senders_of(const policy::Network& network,
                                                   const policy::WorkerKey& worker) {
  ASSIGN_OR_RETURN(const auto slots, app_slots(network.situation, worker.server_farm));
  std::map<Ipv4Address, SenderAt> senders;
  for (const auto& [name, slot] : slots) {
    const policy::Network::Site& site = network.sites.at(name);
    const policy::Sender sender{name, worker.instance, lab::TrafficClass::kApplication,
                                worker.incarnation};
    const SenderAt app{sender};
    senders[app_address(kAppDirectNet, slot)] = app;
    if (site.subnet != policy::kNowhere) senders[app_address(kAppVnetNet, slot)] = app;
    for (const policy::Lane* lane : site.lanes_in_use()) {
      SenderAt& at = senders[lane_address(*lane, slot)] = {sender, lane->public_attempt};
      at.sender.traffic = lane->traffic;
    }
  }
  return senders;
}

}  // namespace egress::compile
