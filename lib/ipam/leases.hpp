// SPDX-License-Identifier: MIT
#pragma once

// Who holds which address of a delegated subnet: one per lab::Integration, kept as long as it is
// wanted (azure-facts 3). A pure state machine: time is an argument, storing is store.hpp's job.
// A change is planned first, stored by the caller, and only then committed, so that a refusal or
// a failing disk leaves everything as it was.

#include <chrono>
#include <map>
#include <optional>
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

struct Lease {
  lab::Integration holder{};
  Ipv4Address address{};
  LeaseState state = LeaseState::kHeld;
  TimePoint since{};                      // when it entered this state
  std::optional<TimePoint> release_at{};  // with kReleasing
  bool operator==(const Lease&) const = default;
};

// Removals come first: a stored lease may take the address of a removed one.
struct LeaseChange {
  std::vector<Lease> removed{};
  std::vector<Lease> stored{};  // new, or replacing the holder's lease
  bool empty() const { return removed.empty() && stored.empty(); }
};

class Leases {
 public:
  Leases() = default;
  // With a `release_delay` of zero an unwanted lease goes at once.
  explicit Leases(const std::vector<Lease>& leases, std::chrono::seconds release_delay = {});

  // What makes every integration of `lab` hold a valid address. kConflict with Azure's message
  // when a subnet has too few: then nothing changes for the other subnets either.
  Result<LeaseChange> plan(const lab::Lab& lab, TimePoint now) const;
  void commit(const LeaseChange& change);

  const std::map<lab::Integration, Lease>& all() const { return leases_; }
  lab::IntegrationAddresses addresses() const;  // of held leases

 private:
  std::map<lab::Integration, Lease> leases_{};
  std::chrono::seconds release_delay_{};
};

// Whether Azure would hand `address` out: inside a prefix of the subnet, but neither among its
// first four addresses nor its last (azure-facts 3.1).
bool assignable(const lab::Subnet& subnet, Ipv4Address address);

// The leases a lab would get in place of a daemon's: for analysis without one.
Result<lab::IntegrationAddresses> first_addresses(const lab::Lab& lab);

}  // namespace egress::ipam
