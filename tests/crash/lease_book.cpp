// SPDX-License-Identifier: MIT
#include "tests/crash/lease_book.hpp"

#include <fmt/format.h>

#include <set>

#include "ipam/leases.hpp"

namespace egress::crash {
namespace {

std::string to_text(const lab::Integration& holder) {
  return fmt::format("{}/{} in {}", holder.server_farm, holder.instance, holder.subnet.to_string());
}

Error wrong(const lab::Integration& holder, const std::string& what) {
  return {.code = Errc::kBug, .message = to_text(holder) + " " + what};
}

}  // namespace

Result<lab::IntegrationAddresses> leases_of(const ctl::Client& client) {
  const ctl::Answer answer = client.get("/v1/leases");
  if (const auto* failure = std::get_if<ctl::Failure>(&answer)) {
    if (failure->code == errc_name(Errc::kConflict)) return lab::IntegrationAddresses{};
    return Error{.code = Errc::kBug, .message = "leases: " + failure->message};
  }
  lab::IntegrationAddresses leases;
  for (const auto& lease : ctl::list_of(std::get<ctl::Json>(answer), "leases")) {
    const std::string subnet = ctl::text_of(lease, "subnet");
    const size_t slash = subnet.find('/');
    const lab::Integration holder{ctl::text_of(lease, "serverFarm"),
                                  static_cast<int>(ctl::number_of(lease, "instance")),
                                  {subnet.substr(0, slash), subnet.substr(slash + 1)}};
    ASSIGN_OR_RETURN(const Ipv4Address address, Ipv4Address::parse(ctl::text_of(lease, "address")));
    if (!leases.emplace(holder, address).second) return wrong(holder, "has two leases");
  }
  return leases;
}

Status check_leases(const lab::IntegrationAddresses& before, const lab::Lab& lab,
                    const lab::IntegrationAddresses& after) {
  std::set<std::pair<std::string, Ipv4Address>> taken;
  for (const lab::Integration& holder : lab::integrations(lab)) {
    const auto lease = after.find(holder);
    if (lease == after.end()) return wrong(holder, "has no lease");
    const lab::Subnet& subnet = *lab.find(holder.subnet);
    const std::string address = lease->second.to_string();
    if (!ipam::assignable(subnet, lease->second)) {
      return wrong(holder, "holds " + address + ", which its subnet does not give");
    }
    if (!taken.emplace(holder.subnet.vnet, lease->second).second) {
      return wrong(holder, "holds " + address + ", which somebody else holds");
    }
    const auto held = before.find(holder);
    if (held != before.end() && ipam::assignable(subnet, held->second) &&
        held->second != lease->second) {
      return wrong(holder, "had " + held->second.to_string() + " and now holds " + address);
    }
  }
  if (taken.size() == after.size()) return {};
  return Error{.code = Errc::kBug, .message = "somebody unwanted holds one of " + to_text(after)};
}

std::string to_text(const lab::IntegrationAddresses& leases) {
  std::string text;
  for (const auto& [holder, address] : leases) {
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", to_text(holder), address.to_string());
  }
  return text.empty() ? "no leases" : text;
}

}  // namespace egress::crash
