// SPDX-License-Identifier: MIT
#include "ipam/leases.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <utility>

#include "ipam/guid.hpp"

namespace egress::ipam {

namespace {

// Hands out every usable address of a subnet once, from the end the lab chose.
class Candidates {
 public:
  Candidates(const lab::Subnet& subnet, lab::AddressAllocation allocation)
      : highest_(allocation == lab::AddressAllocation::kHighest) {
    for (const Ipv4Prefix& prefix : subnet.address_prefixes) {
      if (const auto range = lab::usable_range(prefix)) ranges_.push_back(*range);
    }
    // The next one to hand out stands at the back.
    std::sort(ranges_.begin(), ranges_.end());
    if (!highest_) std::reverse(ranges_.begin(), ranges_.end());
  }

  std::optional<Ipv4Address> next() {
    if (ranges_.empty()) return std::nullopt;
    Interval<uint32_t>& range = ranges_.back();
    const Ipv4Address address{highest_ ? range.last : range.first};
    if (range.first == range.last) {
      ranges_.pop_back();
    } else if (highest_) {
      --range.last;
    } else {
      ++range.first;
    }
    return address;
  }

 private:
  std::vector<Interval<uint32_t>> ranges_{};
  bool highest_ = false;
};

// Addresses in use, by VNet rather than by subnet: a subnet that was renamed keeps its space.
using Taken = std::set<std::pair<std::string, Ipv4Address>>;

Error exhausted_error(const std::set<lab::SubnetRef>& subnets) {
  std::vector<std::string> names;
  for (const lab::SubnetRef& ref : subnets) {
    names.push_back(guid_of(ref.vnet) + "_" + ref.subnet);
  }
  return {.code = Errc::kConflict,
          .message = fmt::format("App Service Plan scaling operation failed. Insufficient address "
                                 "space remaining in VNet(s): {}.",
                                 fmt::join(names, ", "))};
}

Status allocate(const lab::Lab& lab, const std::vector<lab::Integration>& wanted, TimePoint now,
                Taken& taken, LeaseChange& change) {
  std::map<lab::SubnetRef, Candidates> candidates;
  std::set<lab::SubnetRef> exhausted;
  for (const lab::Integration& holder : wanted) {
    const lab::Subnet* subnet = lab.find(holder.subnet);
    if (subnet == nullptr) {
      return Error{.code = Errc::kNotFound,
                   .message = "subnet " + holder.subnet.to_string() + " is not in the lab"};
    }
    Candidates& free =
        candidates.try_emplace(holder.subnet, *subnet, lab.address_allocation).first->second;
    std::optional<Ipv4Address> address = free.next();
    while (address && !taken.emplace(holder.subnet.vnet, *address).second) address = free.next();
    if (address) {
      change.stored.push_back({.holder = holder, .address = *address, .since = now});
    } else {
      exhausted.insert(holder.subnet);
    }
  }
  if (!exhausted.empty()) return exhausted_error(exhausted);
  return {};
}

}  // namespace

const char* name_of(LeaseState state) {
  return state == LeaseState::kHeld ? "held" : "releasing";
}

Leases::Leases(const std::vector<Lease>& leases, std::chrono::seconds release_delay)
    : release_delay_(release_delay) {
  for (const Lease& lease : leases) leases_.insert_or_assign(lease.holder, lease);
}

Result<LeaseChange> Leases::plan(const lab::Lab& lab, TimePoint now) const {
  LeaseChange change;
  Taken taken;
  const std::vector<lab::Integration> wanted = lab::integrations(lab);
  std::vector<lab::Integration> without_lease;
  for (const lab::Integration& holder : wanted) {
    const auto lease = leases_.find(holder);
    const lab::Subnet* subnet = lab.find(holder.subnet);
    if (lease == leases_.end() || subnet == nullptr ||
        !assignable(*subnet, lease->second.address)) {
      without_lease.push_back(holder);
      continue;
    }
    taken.emplace(holder.subnet.vnet, lease->second.address);
    if (lease->second.state == LeaseState::kReleasing) {
      change.stored.push_back({.holder = holder, .address = lease->second.address, .since = now});
    }
  }
  for (const auto& [holder, lease] : leases_) {
    const bool is_wanted = std::binary_search(wanted.begin(), wanted.end(), holder);
    const lab::Subnet* subnet = lab.find(holder.subnet);
    const bool still_there = subnet != nullptr && assignable(*subnet, lease.address);
    if (is_wanted && still_there) continue;
    const TimePoint release_at = lease.release_at.value_or(now + release_delay_);
    if (!still_there || release_at <= now) {
      change.removed.push_back(lease);
      continue;
    }
    taken.emplace(holder.subnet.vnet, lease.address);
    if (lease.state == LeaseState::kHeld) {
      Lease releasing = lease;
      releasing.state = LeaseState::kReleasing;
      releasing.since = now;
      releasing.release_at = release_at;
      change.stored.push_back(releasing);
    }
  }
  RETURN_IF_ERROR(allocate(lab, without_lease, now, taken, change));
  return change;
}

void Leases::commit(const LeaseChange& change) {
  for (const Lease& lease : change.removed) leases_.erase(lease.holder);
  for (const Lease& lease : change.stored) leases_.insert_or_assign(lease.holder, lease);
}

lab::IntegrationAddresses Leases::addresses() const {
  lab::IntegrationAddresses addresses;
  for (const auto& [holder, lease] : leases_) {
    if (lease.state == LeaseState::kHeld) addresses.emplace(holder, lease.address);
  }
  return addresses;
}

bool assignable(const lab::Subnet& subnet, Ipv4Address address) {
  return std::any_of(subnet.address_prefixes.begin(), subnet.address_prefixes.end(),
                     [&](const Ipv4Prefix& prefix) {
                       const auto range = lab::usable_range(prefix);
                       return range && range->first <= address.bits && address.bits <= range->last;
                     });
}

Result<lab::IntegrationAddresses> first_addresses(const lab::Lab& lab) {
  Leases leases;
  ASSIGN_OR_RETURN(const LeaseChange change, leases.plan(lab, TimePoint{}));
  leases.commit(change);
  return leases.addresses();
}

}  // namespace egress::ipam
