// SPDX-License-Identifier: MIT
#include "inspect/concerns.hpp"

#include <algorithm>
#include <set>
#include <string_view>

namespace egress::inspect {
namespace {

using Names = std::set<std::string>;

// A name, and what it is made of: "spoke/apps" is in "spoke", and "nsg/rule" of "nsg".
void add(Names& names, const std::string& name) {
  if (name.empty()) return;
  names.insert(name);
  for (size_t end = name.find('/'); end != std::string::npos; end = name.find('/', end + 1)) {
    names.insert(name.substr(0, end));
  }
  if (const size_t begin = name.rfind('/'); begin != std::string::npos) {
    names.insert(name.substr(begin + 1));
  }
}

void add_subnet(Names& names, const lab::Lab& lab, const lab::SubnetRef& ref) {
  add(names, ref.to_string());
  const auto vnet = lab.virtual_networks.find(ref.vnet);
  if (vnet == lab.virtual_networks.end()) return;
  const auto found = vnet->second.subnets.find(ref.subnet);
  if (found == vnet->second.subnets.end()) return;
  const lab::Subnet& subnet = found->second;
  for (const auto& name : {subnet.network_security_group, subnet.route_table, subnet.nat_gateway}) {
    if (name) add(names, *name);
  }
}

void add_sender(Names& names, const lab::Lab& lab, const lab::Sender& sender) {
  add(names, sender.host);
  const auto host = lab.hosts.find(sender.host);
  if (host != lab.hosts.end() && host->second.subnet) {
    add_subnet(names, lab, *host->second.subnet);
  }
  const auto site = lab.sites.find(sender.site);
  if (site == lab.sites.end()) return;
  add(names, site->first);
  add(names, site->second.server_farm);
  if (site->second.virtual_network_subnet) {
    add_subnet(names, lab, *site->second.virtual_network_subnet);
  }
}

Names names_of(const lab::Lab& lab, const policy::Explanation& explanation) {
  Names names;
  add_sender(names, lab, explanation.sender);
  add(names, explanation.host);
  for (const policy::Step& step : explanation.steps) {
    add(names, step.where);
    add(names, step.name);
  }
  if (!explanation.reply) return names;
  for (const policy::Step& step : explanation.reply->steps) {
    add(names, step.where);
    add(names, step.name);
  }
  return names;
}

// "virtualNetworks.spoke.subnets.apps.natGateway" is about "spoke/apps"; of what stands at the top
// there is no name.
std::string about(std::string_view path) {
  const auto part = [&path] {
    const std::string_view first = path.substr(0, path.find('.'));
    path.remove_prefix(std::min(path.size(), first.size() + 1));
    return std::string(first.substr(0, first.find('[')));
  };
  const std::string kind = part();
  if (kind == "expectations") return {};
  std::string name = part();
  if (kind != "virtualNetworks" || part() != "subnets") return name;
  return name + "/" + part();
}

}  // namespace

std::vector<std::string> concerning(const std::vector<lab::Finding>& warnings, const lab::Lab& lab,
                                    const policy::Explanation& explanation) {
  if (warnings.empty()) return {};
  const Names names = names_of(lab, explanation);
  std::vector<std::string> texts;
  for (const lab::Finding& warning : warnings) {
    if (warning.path.starts_with("expectations")) continue;
    const std::string name = about(warning.path);
    if (name.empty() || names.count(name) != 0) texts.push_back(warning.to_string());
  }
  return texts;
}

}  // namespace egress::inspect
