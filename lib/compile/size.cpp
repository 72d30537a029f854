// SPDX-License-Identifier: MIT
#include "compile/size.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "compile/snat_ports.hpp"
#include "compile/tally.hpp"
#include "lab/slots.hpp"
#include "policy/size_estimate.hpp"
#include "policy/traffic_routing.hpp"
#include "settings/wire_text.hpp"

namespace egress::compile {
namespace {

// With as many instances of each plan as all its sets have.
lab::Lab with_all_sets(lab::Lab lab, const lab::Instances& instances) {
  for (const auto& [name, plan] : instances) {
    const auto farm = lab.server_farms.find(name);
    if (farm == lab.server_farms.end() || !plan.outgoing) continue;
    farm->second.capacity += plan.outgoing->capacity;
  }
  return lab;
}

bool any_beside(const lab::Instances& instances) {
  return std::any_of(instances.begin(), instances.end(),
                     [](const auto& plan) { return plan.second.outgoing.has_value(); });
}

struct Measured {
  const Count& count;
  uint64_t limit;
  const char* what;
  std::string hint;
};

lab::Finding finding_of(const Measured& measured, const lab::Lab& lab, const std::string& file) {
  return {.file = file,
          .path = lab::document_path(lab, measured.count.largest),
          .code = "too-large",
          .message = fmt::format("the lab makes {} {} or more, {} of them here; the limit is {}",
                                 measured.count.total, measured.what, measured.count.share,
                                 measured.limit),
          .hint = measured.hint};
}

Size size_with(const lab::Lab& lab, const SizeLimits& limits, const policy::TrafficInUse& traffic,
               const lab::Instances& instances) {
  if (any_beside(instances)) {
    return size_with(with_all_sets(lab, instances), limits, traffic, {});
  }
  Tallies counts = tallies_of(lab, traffic);
  for (const auto& [group, rows] : policy::estimate_gates(lab, limits.firewall_elements)) {
    counts.firewall_elements.add("networkSecurityGroups." + group, rows);
  }
  for (const auto& [host, rows] : policy::estimate_firewalls(lab, limits.firewall_elements)) {
    counts.firewall_elements.add("hosts." + host, rows);
  }
  return {counts.namespaces.count(), counts.links.count(), counts.routes.count(),
          counts.firewall_elements.count(), counts.wires.count()};
}

}  // namespace

Size size_of(const lab::Lab& lab, const SizeLimits& limits, const policy::TrafficInUse& run_in,
             const lab::Instances& instances) {
  return size_with(lab, limits, policy::traffic_in_use(lab, run_in), instances);
}

std::vector<lab::Finding> check_size(const lab::Lab& lab, const SizeLimits& limits,
                                     const std::string& file, const policy::TrafficInUse& run_in,
                                     const lab::Instances& instances) {
  const policy::TrafficInUse traffic = policy::traffic_in_use(lab, run_in);
  const Size size = size_with(lab, limits, traffic, instances);
  std::vector<lab::Finding> findings = check_snat_ports(lab, instances, traffic, file);
  for (const Measured& measured :
       {Measured{size.namespaces, limits.namespaces, "namespaces",
                 limits.namespaces_setting + " raises it"},
        Measured{size.links, limits.links, "links", "limits.links in egressd.yaml raises it"},
        Measured{size.routes, limits.routes, "routes", "limits.routes in egressd.yaml raises it"},
        Measured{size.firewall_elements, limits.firewall_elements, "firewall elements",
                 "limits.firewallElements in egressd.yaml raises it"},
        Measured{size.wires, settings::kMostWires, "TUN wires",
                 "plans with interface: veth have none"}}) {
    if (measured.count.total > measured.limit) findings.push_back(finding_of(measured, lab, file));
  }
  return findings;
}

lab::Loaded within(lab::Loaded loaded, const SizeLimits& limits, const std::string& file) {
  if (!loaded.lab) return loaded;
  const auto excess = check_size(*loaded.lab, limits, file);
  loaded.findings.insert(loaded.findings.end(), excess.begin(), excess.end());
  if (!excess.empty()) loaded.lab.reset();
  return loaded;
}

}  // namespace egress::compile
