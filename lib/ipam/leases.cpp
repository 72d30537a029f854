// SPDX-License-Identifier: MIT
#include "ipam/leases.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "lab/azure_texts.hpp"

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

Status allocate(const lab::Lab& lab, const std::set<lab::Integration>& wanted, TimePoint now,
                std::set<LeaseKey>& taken, LeaseChange& change) {
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
    while (address && !taken.insert({holder.subnet.vnet, *address}).second) address = free.next();
    if (address) {
      change.stored.push_back({.holder = holder, .address = *address, .since = now});
    } else {
      exhausted.insert(holder.subnet);
    }
  }
  if (exhausted.empty()) return {};
  return Error{
      .code = Errc::kConflict,
      .message = lab::insufficient_address_space({exhausted.begin(), exhausted.end()}).message};
}

// The same for all instances of a plan: what is still wanted of it, of whichever instance.
lab::Integration of_any_instance(lab::Integration holder) {
  holder.instance = 0;
  holder.incarnation = 0;
  return holder;
}

Lease released(Lease lease, TimePoint now, TimePoint release_at) {
  lease.state = LeaseState::kReleasing;
  lease.since = now;
  lease.release_at = release_at;
  return lease;
}

}  // namespace

const char* name_of(LeaseState state) {
  return state == LeaseState::kHeld ? "held" : "releasing";
}

Leases::Leases(const std::vector<Lease>& leases) {
  for (const Lease& lease : leases) leases_.insert_or_assign(lease.key(), lease);
}

Result<LeaseChange> Leases::plan(const lab::Lab& lab, const lab::Instances& instances,
                                 TimePoint now) const {
  std::set<lab::Integration> without_lease;
  std::set<lab::Integration> of_some_instance;
  for (lab::Integration& holder : lab::address_holders(lab, instances)) {
    of_some_instance.insert(of_any_instance(holder));
    without_lease.insert(std::move(holder));
  }
  LeaseChange change;
  // By network rather than by subnet: one that was renamed keeps its space.
  std::set<LeaseKey> taken;
  for (const auto& [key, lease] : leases_) {
    const lab::Subnet* subnet = lab.find(lease.holder.subnet);
    const bool still_there = subnet != nullptr && assignable(*subnet, lease.address);
    const bool held = lease.state == LeaseState::kHeld;
    if (held && still_there && without_lease.erase(lease.holder) != 0) {
      taken.insert(key);
      continue;
    }
    const TimePoint release_at = lease.release_at.value_or(now + lab.release_delay);
    const bool waits = still_there && release_at > now &&
                       of_some_instance.count(of_any_instance(lease.holder)) != 0;
    if (!waits) {
      change.removed.push_back(lease);
      continue;
    }
    taken.insert(key);
    if (held) change.stored.push_back(released(lease, now, release_at));
  }
  RETURN_IF_ERROR(allocate(lab, without_lease, now, taken, change));
  return change;
}

void Leases::commit(const LeaseChange& change) {
  for (const Lease& lease : change.removed) leases_.erase(lease.key());
  for (const Lease& lease : change.stored) leases_.insert_or_assign(lease.key(), lease);
}

std::vector<Lease> Leases::waiting(TimePoint now) const {
  std::vector<Lease> waiting;
  for (const auto& [key, lease] : leases_) {
    if (lease.state == LeaseState::kReleasing && !lease.is_due(now)) waiting.push_back(lease);
  }
  return waiting;
}

lab::IntegrationAddresses Leases::addresses() const {
  lab::IntegrationAddresses addresses;
  for (const auto& [key, lease] : leases_) {
    const bool on_an_interface = lease.holder.site.empty();
    if (on_an_interface && lease.state == LeaseState::kHeld) {
      addresses.emplace(lease.holder, lease.address);
    }
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

Result<lab::IntegrationAddresses> first_addresses(const lab::Lab& lab,
                                                  const lab::Instances& instances) {
  Leases leases;
  ASSIGN_OR_RETURN(const LeaseChange change, leases.plan(lab, instances, TimePoint{}));
  leases.commit(change);
  return leases.addresses();
}

}  // namespace egress::ipam
