// SPDX-License-Identifier: MIT
// What answers in namespaces: a responder of its own for each machine with open ports, and for a
// front end that refuses what comes from the Internet; for names,
// and for the platform's metadata, one process each, which live in the stamp's namespace and are
// told by attachments where they answer as what.
#include <algorithm>

#include "compile/data_path.hpp"
#include "compile/identity.hpp"
#include "compile/instances.hpp"
#include "settings/dns_settings_text.hpp"
#include "settings/names_text.hpp"
#include "settings/responder_text.hpp"

namespace egress::compile {
namespace {

constexpr const char* kResponder = "responder";
constexpr const char* kResolver = "resolver";
constexpr const char* kMetadata = "metadata";
constexpr uint16_t kHttpPort = 80;

// As what the resolver answers in one namespace.
void attach_role(Fabric& fabric, const std::string& netns, const settings::DnsRole& role) {
  attach(fabric.netns(netns),
         state::make_attachment(settings::kDnsAttachment,
                                {stamp_netns(fabric.options.prefix), kResolver},
                                settings::to_text(role)));
}

settings::AppResolver resolver_of(const policy::Lane& lane) {
  return {.servers = lane.dns.servers,
          .attempts = lane.dns.attempts,
          .timeout_seconds = lane.dns.timeout_seconds,
          .cache_seconds = lane.dns.cache_seconds};
}

void attach_apps(Fabric& fabric) {
  for (const auto& [name, site] : fabric.network.sites) {
    std::vector<const policy::Lane*> lanes = site.lanes_in_use();
    lanes.push_back(&site.application());
    for (const policy::Network::Instance& instance : site.instances) {
      for (const policy::Lane* lane : lanes) {
        attach_role(fabric, lane_namespace(fabric.options.prefix, name, *lane, instance).name(),
                    resolver_of(*lane));
      }
    }
  }
}

void attach_servers(Fabric& fabric) {
  for (const policy::Interface& host : fabric.network.interfaces) {
    if (host.host == nullptr || !host.host->dns_server) continue;
    attach_role(fabric, host_netns(fabric.options.prefix, host.name),
                settings::ServerResolver{.address = host.address,
                                         .server = *host.host->dns_server,
                                         .in_internet = host.host->internet()});
  }
}

void add_resolver(Fabric& fabric) {
  const policy::Names& names = *fabric.network.names;
  const std::string stamp = stamp_netns(fabric.options.prefix);
  state::NetnsState& home = fabric.netns(stamp);
  add_process(home, kResolver, "egress-dns");
  state::Attachment known = state::make_attachment(settings::kNamesAttachment, {stamp, kResolver},
                                                   settings::to_text(names));
  known.home = !names.forward_to.empty();  // real servers are asked from the daemon's own network
  attach(home, std::move(known));
  attach_role(fabric, stamp, settings::PlatformResolver{});
  for (const policy::Network::Vnet& vnet : fabric.network.vnets) {
    attach_role(fabric, vnet_netns(fabric.options.prefix, vnet.name),
                settings::PlatformResolver{.vnet = vnet.name});
  }
  attach_apps(fabric);
  attach_servers(fabric);
}

void add_metadata(Fabric& fabric) {
  if (fabric.network.vnets.empty()) return;
  const std::string stamp = stamp_netns(fabric.options.prefix);
  add_process(fabric.netns(stamp), kMetadata, "egress-host");
  const std::string settings = settings::to_text(
      settings::Responder{.host = kMetadata, .listen = {{Protocol::kTcp, kHttpPort}}});
  for (const policy::Network::Vnet& vnet : fabric.network.vnets) {
    attach(fabric.netns(vnet_netns(fabric.options.prefix, vnet.name)),
           state::make_attachment(kMetadata, {stamp, kMetadata}, settings));
  }
}

// A host's DNS server has its port to itself.
const std::vector<Port>& responder_ports(const policy::Interface& machine) {
  return machine.host != nullptr ? machine.host->listen : machine.listen;
}

settings::ResponderWay responder_way(const Fabric& fabric, const std::string& netns,
                                     const Way& way) {
  const policy::Network& network = fabric.network;
  settings::ResponderWay told{.device = fabric.link(netns, way.link), .mark = way.mark};
  const policy::Index at = way.endpoint == policy::kNowhere ? way.receiver : way.endpoint;
  const std::vector<Port>& ports = responder_ports(network.interfaces[at]);
  told.listen = {ports.begin(), ports.end()};
  if (way.endpoint != policy::kNowhere) {
    told.way = policy::Entry::Way::kPrivateEndpoint;
    return told;
  }
  for (const policy::Index each : network.vnets[way.vnet].subnets) {
    const policy::Network::Subnet& subnet = network.subnets[each];
    for (const Ipv4Prefix& prefix : subnet.declared->address_prefixes) {
      told.subnets.emplace_back(prefix, subnet.name);
    }
  }
  return told;
}

bool speaks_tls(const settings::Responder& responder) {
  const auto on_one_of = [](const std::set<Port>& ports) {
    return std::any_of(ports.begin(), ports.end(), settings::may_speak_tls);
  };
  return on_one_of(responder.listen) ||
         std::any_of(responder.ways.begin(), responder.ways.end(),
                     [&](const settings::ResponderWay& way) { return on_one_of(way.listen); });
}

policy::ServedNames served_by(Fabric& fabric, const policy::Interface& machine) {
  const policy::Network& network = fabric.network;
  if (!fabric.names_by_address) {
    fabric.names_by_address = policy::names_by_address(network.situation.lab, *network.names);
  }
  const auto at = static_cast<policy::Index>(&machine - network.interfaces.data());
  return policy::served_names(network, *fabric.names_by_address, at);
}

}  // namespace

void attach(state::NetnsState& netns, state::Attachment attachment) {
  std::string name = attachment.name;
  netns.attachments[std::move(name)] = std::move(attachment);
}

void add_process(state::NetnsState& netns, const char* name, const char* program) {
  netns.processes[name] = {.name = name, .program = program};
}

void add_responder(Fabric& fabric, const policy::Interface& machine) {
  const std::string name = machine_netns(fabric.options.prefix, machine);
  const std::vector<Port>& ports = responder_ports(machine);
  const bool front = machine.site != nullptr;
  if (ports.empty() || (front && takes_requests(fabric, machine, policy::Entry::Way::kInternet))) {
    return;
  }
  settings::Responder told{.host = machine.name, .listen = {ports.begin(), ports.end()}};
  for (const Way& way : fabric.ways) {
    if (&fabric.network.interfaces[way.receiver] != &machine) continue;
    if (front && way.endpoint != policy::kNowhere) continue;
    told.device = "eth0";
    told.ways.push_back(responder_way(fabric, name, way));
  }
  if (machine.service != nullptr) {
    told.firewall = policy::firewall_of(machine.name, *machine.service);
  } else if (front) {
    told.firewall = policy::firewall_of_site(fabric.network.situation.lab, machine.name);
  }
  state::NetnsState& netns = fabric.netns(name);
  // It signs for itself: which certificates it needs shows when it is asked.
  if (speaks_tls(told)) {
    told.served = served_by(fabric, machine);
    told.authority = fabric.options.authority;
  }
  add_process(netns, kResponder, "egress-host");
  attach(netns, state::make_attachment(kResponder, {name, kResponder}, settings::to_text(told)));
}

void add_platform_processes(Fabric& fabric) {
  add_resolver(fabric);
  add_metadata(fabric);
  add_identity(fabric);
}

}  // namespace egress::compile
