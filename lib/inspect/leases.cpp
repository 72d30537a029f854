// SPDX-License-Identifier: MIT
#include "inspect/leases.hpp"

#include <fmt/format.h>

#include "lab/suggest.hpp"

namespace egress::inspect {

namespace {

lab::SubnetRef ref_of(const std::string& subnet) {
  const size_t slash = subnet.find('/');
  return {subnet.substr(0, slash), slash == std::string::npos ? "" : subnet.substr(slash + 1)};
}

}  // namespace

Result<LeaseReport> lease_report(const lab::Lab& lab, const ipam::Leases& leases,
                                 const std::string& subnet, ipam::TimePoint now,
                                 const lab::Instances& instances) {
  LeaseReport report{.instances = instances};
  if (!subnet.empty()) {
    const lab::Subnet* found = lab.find(ref_of(subnet));
    if (found == nullptr) {
      return Error{.code = Errc::kNotFound, .message = fmt::format("no subnet '{}'", subnet)};
    }
    if (!lab::is_integration_subnet(*found)) {
      return Error{.code = Errc::kConflict,
                   .message = fmt::format("subnet '{}' is not delegated to "
                                          "Microsoft.Web/serverFarms: no app has a lease there",
                                          subnet)};
    }
    report.usable = lab::usable_addresses(*found);
  }
  for (const auto& [key, lease] : leases.all()) {
    const bool asked_for =
        subnet.empty() || lab::equal_ignoring_case(lease.holder.subnet.to_string(), subnet);
    if (asked_for && !lease.is_due(now)) report.leases.push_back(lease);
  }
  return report;
}

lab::Standing standing_of(const lab::Instances& instances, const lab::Integration& holder) {
  const int serving = lab::serving_incarnation(instances, holder.server_farm);
  if (holder.incarnation == serving) return lab::Standing::kServing;
  return holder.incarnation > serving ? lab::Standing::kStarting : lab::Standing::kDraining;
}

}  // namespace egress::inspect
