// SPDX-License-Identifier: MIT
#pragma once

// What the platform sends on an app's behalf leaves from namespaces of its own beside the app's,
// one for each lane in use (policy/lanes.hpp). Each is joined to the app's worker, in which its
// packets go the way of the lane whatever their destination is (azure-facts 2.2.2); behind the
// worker nothing tells them from the app's.

#include <set>
#include <string>
#include <vector>

#include "compile/worker.hpp"

namespace egress::compile {

// What the port of a lane in use is called in the worker, for Fabric::link.
std::string lane_port(const std::string& site, const policy::Lane& lane);

// Of an app's lane, by the app's number (worker.hpp).
Ipv4Address lane_address(const policy::Lane& lane, uint32_t slot);

// The lanes in use of one of the worker's apps. `slot` is the app's number, and that of its lanes
// in the nets of theirs, so that none is numbered anew when another comes.
void add_lanes(Worker& worker, const std::string& site, uint32_t slot);

// What is asked of Key Vault in public leaves the stamp under an address that is no app's
// (azure-facts 1.3.10), so it comes there from an inside address of its own.
std::set<policy::WorkerKey> workers_asking_key_vault(const policy::Situation& situation);
// To the stamp and back; nothing for a worker that asks no vault.
void add_key_vault_path(Worker& worker);
// Translates to that inside address, in front of all else; none for such a worker.
std::vector<state::NftRule> key_vault_translation(const Worker& worker);

}  // namespace egress::compile
