// SPDX-License-Identifier: MIT
#include "session/analysis.hpp"

#include <optional>
#include <utility>

#include "compile/numbers.hpp"
#include "state/link_diff.hpp"

namespace egress::session {

compile::Options options_of(const Terms& terms, const LabInForce& lab) {
  return {.prefix = terms.prefix,
          .clock_offset = lab.clock_offset,
          .bird_installed = terms.bird_installed,
          .flow_cache = terms.flow_cache,
          .authority = lab.authority};
}

Status analyse_into(LabInForce& next, lab::Lab lab, const LabInForce& base, const Terms& terms) {
  next.startup_tasks = std::make_shared<const StartupTasks>(lab::startup_tasks(lab));
  policy::Situation situation{.lab = std::move(lab),
                              .leases = next.leases.addresses(),
                              .instances = next.life.instances,
                              .restarts = next.restarts,
                              .dns_at_start = next.dns_at_start,
                              .traffic = next.traffic,
                              .numbers = base.numbers,
                              .imposed = next.imposed,
                              .learned = next.learned};
  ASSIGN_OR_RETURN(next.numbers, compile::numbers(situation));
  situation.numbers = next.numbers;
  next.network = policy::analyse(std::move(situation), base.network.get());
  std::optional<compile::Compiled> previous;
  if (base.network != nullptr) previous.emplace(compile::Compiled{*base.network, *base.desired});
  ASSIGN_OR_RETURN(state::KernelState desired,
                   compile::compile(*next.network, options_of(terms, next), previous));
  state::share_equal(desired, *base.desired);
  state::Firewalls meanwhile;
  if (base.network != nullptr) {
    ASSIGN_OR_RETURN(meanwhile, compile::meanwhile(*base.network, {*next.network, desired},
                                                   options_of(terms, next)));
  }
  RETURN_IF_ERROR(state::check_links(desired, state::unequal_netns(desired, *base.desired)));
  next.meanwhile = std::make_shared<const state::Firewalls>(std::move(meanwhile));
  next.desired = std::make_shared<const state::KernelState>(std::move(desired));
  next.renames =
      std::make_shared<const state::Renames>(compile::renames(*next.network, terms.prefix));
  return {};
}

std::vector<Ipv4Address> servers_of_network(const lab::Lab& lab, const lab::Site& site) {
  return lab.virtual_networks.at(site.virtual_network_subnet->vnet).dns_servers;
}

}  // namespace egress::session
