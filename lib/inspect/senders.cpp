// SPDX-License-Identifier: MIT
#include "inspect/senders.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lab/suggest.hpp"
#include "policy/origin.hpp"

namespace egress::inspect {

namespace {

using policy::Network;

const Network::Subnet* subnet_called(const Network& network, const std::string& text) {
  const lab::NameLess less;
  const auto found = std::find_if(network.subnets.begin(), network.subnets.end(),
                                  [&](const Network::Subnet& each) {
                                    return !less(each.name, text) && !less(text, each.name);
                                  });
  return found == network.subnets.end() ? nullptr : &*found;
}

Result<const Network::Subnet*> subnet_of_host(const Network& network, const std::string& host) {
  ASSIGN_OR_RETURN(const policy::Index machine, policy::find_machine(network, host));
  const policy::Index subnet = network.interfaces[machine].subnet;
  if (subnet != policy::kNowhere) return &network.subnets[subnet];
  return Error{.code = Errc::kConflict,
               .message = fmt::format("host '{}' is in no virtual network", host)};
}

}  // namespace

Result<const Network::Subnet*> subnet_of(const Network& network, const lab::Sender& sender) {
  if (!sender.host.empty()) return subnet_of_host(network, sender.host);
  const std::string& site = sender.site;
  const auto found = network.sites.find(site);
  if (found == network.sites.end()) {
    return Error{.code = Errc::kNotFound, .message = fmt::format("no site '{}'", site)};
  }
  if (found->second.subnet != policy::kNowhere) return &network.subnets[found->second.subnet];
  return Error{.code = Errc::kConflict,
               .message = fmt::format("site '{}' has no virtual network integration", site)};
}

Result<const Network::Subnet*> subnet_of(const Network& network, const std::string& text) {
  const auto sender = lab::Sender::parse_with_hosts(text);
  const bool host = sender.ok() && network.situation.lab.hosts.contains(sender->host);
  if (const Network::Subnet* subnet = host ? nullptr : subnet_called(network, text)) return subnet;
  if (sender.ok()) return subnet_of(network, *sender);
  return Error{.code = Errc::kNotFound, .message = fmt::format("no subnet '{}'", lab::shown(text))};
}

policy::Index machine_of(const Network& network, const std::string& text) {
  const auto sender = lab::Sender::parse_with_hosts(text);
  if (!sender.ok() || sender->host.empty()) return policy::kNowhere;
  const auto machine = policy::find_machine(network, sender->host);
  if (!machine.ok() || network.interfaces[*machine].subnet == policy::kNowhere) {
    return policy::kNowhere;
  }
  return *machine;
}

Result<Ipv4Address> address_of(const Network& network, const lab::Sender& sender) {
  if (!sender.host.empty()) {
    ASSIGN_OR_RETURN(const policy::Index machine, policy::find_machine(network, sender.host));
    return network.interfaces[machine].address;
  }
  ASSIGN_OR_RETURN(const Network::App app, policy::declared_app(network, sender));
  return *app.lease;
}

Status check_in_use(const policy::Network::App& app) {
  if (app.site->sends(app.name.traffic)) return {};
  return Error{.code = Errc::kConflict,
               .message = fmt::format("nobody has asked for the class {} of site '{}' yet, as POST "
                                      "/v1/sites/{}/traffic does",
                                      name_of(app.name.traffic), app.name.site, app.name.site)};
}

}  // namespace egress::inspect
