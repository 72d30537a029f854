// SPDX-License-Identifier: MIT
#include "tests/crash/lease_book.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace egress::crash {
namespace {

std::string to_text(const lab::Integration& holder) {
  return fmt::format("{}/{}{}{} in {}", holder.server_farm,
                     lab::instance_text(holder.instance, holder.incarnation),
                     holder.site.empty() ? "" : " ", holder.site, holder.subnet.to_string());
}

Error wrong(const lab::Integration& holder, const std::string& what) {
  return {.code = Errc::kBug, .message = to_text(holder) + " " + what};
}

lab::Integration holder_in(const ctl::Json& lease) {
  const std::string subnet = ctl::text_of(lease, "subnet");
  const size_t slash = subnet.find('/');
  return {ctl::text_of(lease, "serverFarm"),
          static_cast<int>(ctl::number_of(lease, "instance")),
          {subnet.substr(0, slash), subnet.substr(slash + 1)},
          static_cast<int>(ctl::number_of(lease, "incarnation")),
          ctl::text_of(lease, "site")};
}

bool gives(const lab::Lab& lab, const lab::SubnetRef& subnet, Ipv4Address address) {
  const lab::Subnet* found = lab.find(subnet);
  return found != nullptr && ipam::assignable(*found, address);
}

Status check_held(const LeaseBook& before, const lab::Lab& lab, const LeaseBook& after) {
  std::set<ipam::LeaseKey> taken;
  for (const lab::Integration& holder : lab::address_holders(lab)) {
    const auto lease = after.held.find(holder);
    if (lease == after.held.end()) return wrong(holder, "has no lease");
    const ipam::LeaseKey key{holder.subnet.vnet, lease->second};
    const std::string address = lease->second.to_string();
    if (!gives(lab, holder.subnet, lease->second)) {
      return wrong(holder, "holds " + address + ", which its subnet does not give");
    }
    if (!taken.insert(key).second) {
      return wrong(holder, "holds " + address + ", which somebody else holds");
    }
    if (after.waiting.count(key) != 0) return wrong(holder, "holds " + address + ", which waits");
    const auto held = before.held.find(holder);
    if (held != before.held.end() && gives(lab, holder.subnet, held->second) &&
        held->second != lease->second) {
      return wrong(holder, "had " + held->second.to_string() + " and now holds " + address);
    }
  }
  if (taken.size() == after.held.size()) return {};
  return Error{.code = Errc::kBug, .message = "somebody unwanted holds one of " + to_text(after)};
}

// What has to wait under `lab`, with who has left it.
std::map<ipam::LeaseKey, lab::Integration> left_behind(const LeaseBook& before,
                                                       const lab::Lab& lab) {
  const std::vector<lab::Integration> wanted = lab::address_holders(lab);
  const auto still_used = [&](const lab::Integration& holder, Ipv4Address address) {
    return gives(lab, holder.subnet, address) &&
           std::any_of(wanted.begin(), wanted.end(), [&](lab::Integration each) {
             each.instance = holder.instance;
             return each == holder;
           });
  };
  std::map<ipam::LeaseKey, lab::Integration> waiting;
  for (const auto& [key, holder] : before.waiting) {
    if (still_used(holder, key.address)) waiting.emplace(key, holder);
  }
  if (lab.release_delay.count() == 0) return waiting;
  for (const auto& [holder, address] : before.held) {
    const bool is_wanted = std::binary_search(wanted.begin(), wanted.end(), holder);
    if (is_wanted || !still_used(holder, address)) continue;
    waiting.emplace(ipam::LeaseKey{holder.subnet.vnet, address}, holder);
  }
  return waiting;
}

}  // namespace

Result<LeaseBook> leases_of(const ctl::Client& client) {
  const ctl::Answer answer = client.get("/v1/leases");
  if (const auto* failure = std::get_if<ctl::Failure>(&answer)) {
    if (failure->code == errc_name(Errc::kConflict)) return LeaseBook{};
    return Error{.code = Errc::kBug, .message = "leases: " + failure->message};
  }
  LeaseBook leases;
  for (const auto& lease : ctl::list_of(std::get<ctl::Json>(answer), "leases")) {
    const lab::Integration holder = holder_in(lease);
    ASSIGN_OR_RETURN(const Ipv4Address address, Ipv4Address::parse(ctl::text_of(lease, "address")));
    const bool told =
        ctl::text_of(lease, "state") == name_of(ipam::LeaseState::kHeld)
            ? leases.held.emplace(holder, address).second
            : leases.waiting.emplace(ipam::LeaseKey{holder.subnet.vnet, address}, holder).second;
    if (!told) return wrong(holder, "has two leases");
  }
  return leases;
}

Status check_leases(const LeaseBook& before, const lab::Lab& lab, const LeaseBook& after) {
  RETURN_IF_ERROR(check_held(before, lab, after));
  if (after.waiting == left_behind(before, lab)) return {};
  return Error{.code = Errc::kBug,
               .message = fmt::format("what has been left is not what waits; before: {}; after: {}",
                                      to_text(before), to_text(after))};
}

std::string to_text(const LeaseBook& leases) {
  std::string text;
  for (const auto& [holder, address] : leases.held) {
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", to_text(holder), address.to_string());
  }
  for (const auto& [key, holder] : leases.waiting) {
    text += fmt::format("{}{} left {}", text.empty() ? "" : ", ", to_text(holder),
                        key.address.to_string());
  }
  return text.empty() ? "no leases" : text;
}

}  // namespace egress::crash
