// SPDX-License-Identifier: MIT
#include "session/learned.hpp"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "session/analysis.hpp"
#include "session/refusals.hpp"

namespace egress::session {
namespace {

// As if networks advertised what was learned, which is what the size of a lab follows from.
lab::Lab advertising(lab::Lab lab, const lab::LearnedRoutes& learned) {
  for (auto& [name, network] : lab.on_premises) {
    std::set<Ipv4Prefix> all;
    for (const auto& [gateway, connection] : lab.virtual_network_gateways) {
      for (const LearnedPrefix& each : lab::learned_from(lab, gateway, name, learned)) {
        all.insert(each.prefix);
      }
    }
    network.advertised_prefixes.assign(all.begin(), all.end());
  }
  return lab;
}

size_t count_of(const lab::LearnedRoutes& learned) {
  size_t count = 0;
  for (const auto& [gateway, sessions] : learned) {
    for (const auto& [network, prefixes] : sessions) count += prefixes.size();
  }
  return count;
}

}  // namespace

lab::LearnedRoutes still_learned(const lab::LearnedRoutes& learned, const lab::Lab& lab) {
  lab::LearnedRoutes still;
  for (const auto& [name, sessions] : learned) {
    const auto gateway = lab.virtual_network_gateways.find(name);
    if (gateway == lab.virtual_network_gateways.end()) continue;
    for (const lab::BgpPeering& peering : lab::bgp_peerings(lab, gateway->second)) {
      const auto session = sessions.find(peering.on_premises);
      if (session != sessions.end()) still[name].insert(*session);
    }
  }
  return still;
}

std::vector<lab::Finding> unspoken(const lab::Lab& lab, const Terms& terms,
                                   const std::string& file) {
  std::vector<lab::Finding> findings;
  if (terms.bird_installed) return findings;
  for (const auto& [name, gateway] : lab.virtual_network_gateways) {
    for (const lab::BgpPeering& peering : lab::bgp_peerings(lab, gateway)) {
      findings.push_back(
          {.severity = lab::Severity::kWarning,
           .file = file,
           .path = fmt::format("virtualNetworkGateways.{}.connections.{}.enableBgp", name,
                               peering.on_premises),
           .code = "not-emulated",
           .message = fmt::format("BGP is not spoken, as BIRD (/usr/sbin/bird) is not installed: "
                                  "what '{}' lists as 'advertisedPrefixes' counts as learned",
                                  peering.on_premises)});
    }
  }
  return findings;
}

Outcome propose_learned(const LabInForce& base, lab::LearnedRoutes learned, const Terms& terms) {
  if (base.network == nullptr) return no_lab();
  lab::Lab lab = base.network->situation.lab;
  Proposal proposal{.base = base.version, .next = base};
  LabInForce& next = proposal.next;
  next.learned = still_learned(learned, lab);
  if (next.learned == base.learned) return proposal;
  if (!compile::check_size(advertising(lab, next.learned), terms.limits, base.text.file,
                           base.traffic, base.life.instances)
           .empty()) {
    return Refusal{{.code = Errc::kUnsupported,
                    .message = fmt::format("the {} prefixes that gateways have learned make the "
                                           "lab too large; they are left aside",
                                           count_of(next.learned))},
                   {}};
  }
  ++next.version;
  if (Status made = analyse_into(next, std::move(lab), base, terms); !made.ok()) {
    return Refusal{std::move(made).error(), {}};
  }
  return proposal;
}

}  // namespace egress::session
