// SPDX-License-Identifier: MIT
#include "tests/support/applied_lab.hpp"

#include <set>

#include "compile/compile.hpp"
#include "compile/names.hpp"
#include "ipam/leases.hpp"
#include "lab/validate.hpp"
#include "reconcile/pass.hpp"
#include "state/ops.hpp"
#include "tests/support/network_of.hpp"

namespace egress::testing_support {
namespace {

constexpr size_t kLongestFileName = 255;
constexpr size_t kLongestLinkName = 15;
constexpr size_t kLongestAlias = 255;

std::string fault_in_table(const state::NftTable& table) {
  std::set<std::string> names;
  for (const auto& [name, chain] : table.chains) names.insert(name);
  for (const auto& [name, map] : table.maps) names.insert(name);
  for (const std::string& name : names) {
    if (name.size() > state::kNftLongestName) return "nft name " + name;
  }
  return {};
}

std::string fault_in(const state::KernelState& desired) {
  std::set<state::MacAddress> macs;
  for (const auto& [netns, state] : desired) {
    if (netns.size() > kLongestFileName) return "namespace name " + netns;
    for (const auto& [name, link] : state->links) {
      if (name.size() > kLongestLinkName) return "link name " + name;
      if (link.alias.size() > kLongestAlias) return "alias " + link.alias;
      const bool of_machine =
          link.kind == state::LinkKind::kVeth && link.mac != compile::kRouterMac;
      if (of_machine && !macs.insert(link.mac).second) return "MAC " + link.mac.to_string();
    }
    if (!state->firewall) continue;
    if (std::string fault = fault_in_table(*state->firewall->table); !fault.empty()) return fault;
  }
  return {};
}

std::string fault_in_pass(kernel::Kernel& kernel, const state::KernelState& desired) {
  const reconcile::PassReport report = reconcile::run(kernel, desired);
  if (!report.taken.empty()) {
    const auto& [name, what] = *report.taken.begin();
    return to_text(name, what);
  }
  if (!report.failed.empty()) {
    return report.failed.front().object + ": " + report.failed.front().error.to_string();
  }
  if (!report.skipped.empty()) return report.skipped.front().object + ": skipped";
  if (!report.remaining.empty()) return "remains: " + report.remaining.front();
  return {};
}

}  // namespace

state::KernelState compiled(const lab::Lab& lab, bool flow_cache) {
  return compile::compile(*network_of(lab), {.flow_cache = flow_cache}).value();
}

std::string fault_in_applying(kernel::Kernel& kernel, const lab::Lab& lab) {
  for (const lab::Finding& finding : lab::validate(lab)) {
    if (finding.severity == lab::Severity::kError) return finding.path + ": " + finding.to_string();
  }
  const auto addresses = ipam::first_addresses(lab);
  if (!addresses.ok()) return addresses.error().to_string();
  const auto desired = compile::compile(*policy::analyse({.lab = lab, .leases = *addresses}),
                                        {.flow_cache = !kernel.flow_cache().why_not});
  if (!desired.ok()) return desired.error().to_string();
  const auto from_nothing = state::diff(*desired, {});
  if (!from_nothing.ok()) return from_nothing.error().to_string();
  const auto from_itself = state::diff(*desired, *desired);
  if (!from_itself.ok()) return from_itself.error().to_string();
  if (!from_itself->empty()) return "differs from itself: " + to_text(from_itself->front());
  if (std::string fault = fault_in(*desired); !fault.empty()) return fault;
  return fault_in_pass(kernel, *desired);
}

}  // namespace egress::testing_support
