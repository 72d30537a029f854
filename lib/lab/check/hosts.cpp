// SPDX-License-Identifier: MIT

#include <fmt/format.h>

#include <set>

#include "lab/check/checks.hpp"
#include "lab/limits.hpp"

namespace egress::lab {
namespace {

void refuse_in_internet(const std::string& name, const Host& host, Checks& checks) {
  const std::string path = "hosts." + name;
  const auto refuse = [&](bool present, const char* key, const char* why) {
    if (!present) return;
    checks.error(path + "." + key, "internet-host", why, {},
                 {path + ".subnet", path + ".internet"});
  };
  refuse(host.enable_ip_forwarding, "enableIPForwarding",
         "only a host in a virtual network can forward");
  refuse(host.masquerade.has_value(), "masquerade",
         "only a host in a virtual network can masquerade");
  refuse(host.stateful, "stateful", "only a host in a virtual network can be a firewall");
  refuse(!host.network_rules.empty(), "networkRules",
         "only a host in a virtual network can be a firewall");
  refuse(!host.application_security_groups.empty(), "applicationSecurityGroups",
         "only a host in a virtual network can be in application security groups");
}

void check_groups(const std::string& name, const Host& host, const Names& known, Checks& checks) {
  const std::string path = "hosts." + name + ".applicationSecurityGroups";
  for (size_t i = 0; i < host.application_security_groups.size(); ++i) {
    checks.refers(fmt::format("{}[{}]", path, i), "application security group",
                  host.application_security_groups[i], known, "applicationSecurityGroups");
  }
  checks.limit(path, host.application_security_groups.size(), kMaxApplicationSecurityGroupsPerHost,
               "application security groups", " for a host");
}

}  // namespace

void check_listen(const std::string& path, const std::vector<Port>& listen, const std::string& who,
                  Checks& checks) {
  if (listen.size() > kMaxListen) {
    checks.error(path + ".listen", "limit",
                 fmt::format("{} ports, {} listens on {} at most", listen.size(), who, kMaxListen));
  }
  std::set<Port> seen;
  for (size_t i = 0; i < listen.size(); ++i) {
    if (seen.insert(listen[i]).second) continue;
    checks.error(fmt::format("{}.listen[{}]", path, i), "listen-duplicate",
                 listen[i].to_string() + " is listed twice");
  }
}

void check_hosts(const Lab& lab, Checks& checks) {
  for (const auto& [name, host] : lab.hosts) {
    check_listen("hosts." + name, host.listen, "a host", checks);
    check_groups(name, host, lab.application_security_groups, checks);
    check_network_rules("hosts." + name, host, checks);
    if (host.internet()) refuse_in_internet(name, host, checks);
  }
}

}  // namespace egress::lab
