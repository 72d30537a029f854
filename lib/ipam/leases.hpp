// SPDX-License-Identifier: MIT
#pragma once

// Who holds which address of a delegated subnet: one per holder (lab::address_holders), kept as
// long as it is wanted, and how long an address waits that nobody wants any more (azure-facts 3). A
// pure state machine: time is an argument, storing is store.hpp's job. A change is planned first,
// stored by the caller, and only then committed, so that a refusal or a failing disk leaves
// everything as it was.

#include <chrono>
#include <compare>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "lab/lab.hpp"

namespace egress::ipam {

using TimePoint = std::chrono::system_clock::time_point;

enum class LeaseState {
  kHeld,
  kReleasing,  // nobody wants it any more, and nobody else gets it before `release_at`
};
const char* name_of(LeaseState state);  // "held"

// Networks may have equal addresses; within one nobody has another's, not even one that waits.
struct LeaseKey {
  std::string vnet{};
  Ipv4Address address{};
  auto operator<=>(const LeaseKey&) const = default;
};

struct Lease {
  lab::Integration holder{};  // with kReleasing: who held it last, and does not get it back
  Ipv4Address address{};
  LeaseState state = LeaseState::kHeld;
  TimePoint since{};                      // when it entered this state
  std::optional<TimePoint> release_at{};  // with kReleasing
  LeaseKey key() const { return {holder.subnet.vnet, address}; }
  // Nobody's any more, though it stands until the next plan.
  bool is_due(TimePoint now) const { return release_at && *release_at <= now; }
  bool operator==(const Lease&) const = default;
};

// Removals come first: a stored lease may take the address of a removed one.
struct LeaseChange {
  std::vector<Lease> removed{};
  std::vector<Lease> stored{};  // new, or replacing the lease of its address
  bool empty() const { return removed.empty() && stored.empty(); }
  bool operator==(const LeaseChange&) const = default;
};

class Leases {
 public:
  Leases() = default;
  explicit Leases(const std::vector<Lease>& leases);

  // What makes every holder of `lab` with these instances have a valid address, with the leases
  // removed that are due at `now`. What an instance leaves while its plan still uses the subnet
  // waits for the lab's release_delay; all else goes at once. kConflict with Azure's message when a
  // subnet has too few, held, waiting and wanted counted: then nothing changes for the other
  // subnets either.
  Result<LeaseChange> plan(const lab::Lab& lab, const lab::Instances& instances,
                           TimePoint now) const;
  void commit(const LeaseChange& change);

  const std::map<LeaseKey, Lease>& all() const { return leases_; }
  // By address; those that are due at `now` are none any more.
  std::vector<Lease> waiting(TimePoint now) const;
  lab::IntegrationAddresses addresses() const;  // held, of interfaces alone

 private:
  std::map<LeaseKey, Lease> leases_{};
};

// Whether Azure would hand `address` out: inside a prefix of the subnet, but neither among its
// first four addresses nor its last (azure-facts 3.1).
bool assignable(const lab::Subnet& subnet, Ipv4Address address);

// The leases a lab would get in place of a daemon's: for analysis without one.
Result<lab::IntegrationAddresses> first_addresses(const lab::Lab& lab,
                                                  const lab::Instances& instances = {});

}  // namespace egress::ipam
