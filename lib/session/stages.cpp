// SPDX-License-Identifier: MIT
#include "lifecycle/stages.hpp"

#include <utility>

#include "session/analysis.hpp"
#include "session/proposal.hpp"
#include "session/refusals.hpp"

namespace egress::session {

namespace {

// Those that serve from now on have started with the servers that their networks have.
void note_servers(const lab::Lab& lab, const std::string& server_farm,
                  store::NameServers& dns_at_start) {
  for (const auto& [name, site] : lab.sites) {
    if (site.server_farm != server_farm || !site.virtual_network_subnet) continue;
    dns_at_start[name] = servers_of_network(lab, site);
  }
}

}  // namespace

Outcome propose_stage(const LabInForce& base, const Terms& terms, ipam::TimePoint now) {
  if (base.network == nullptr) return no_lab();
  Proposal proposal{.base = base.version, .next = base};
  const auto server_farm = lifecycle::next_to_move(base.life);
  if (!server_farm) return proposal;
  LabInForce& next = proposal.next;
  ++next.version;
  next.life = lifecycle::moved_on(base.life, *server_farm).value();
  lab::Lab lab = base.network->situation.lab;
  Result<ipam::LeaseChange> change = base.leases.plan(lab, next.life.instances, now);
  if (!change.ok()) return Refusal{std::move(change).error(), {}, kExhausted};
  proposal.leases = *std::move(change);
  next.leases.commit(proposal.leases);
  if (lab::serving_incarnation(base.life.instances, *server_farm) !=
      lab::serving_incarnation(next.life.instances, *server_farm)) {
    note_servers(lab, *server_farm, next.dns_at_start);
  }
  next.imposed = still_imposed(base.imposed, lab, next.life.instances, base.machine_time(now));
  if (Status made = analyse_into(next, std::move(lab), base, terms); !made.ok()) {
    return Refusal{std::move(made).error(), {}};
  }
  return proposal;
}

}  // namespace egress::session
