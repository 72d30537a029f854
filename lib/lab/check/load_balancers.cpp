// SPDX-License-Identifier: MIT

// Internal load balancers: what their rules tie together. Where frontends stand is addresses.cpp's
// business, like that of everything that has an address.

#include <fmt/format.h>

#include <map>
#include <set>
#include <tuple>

#include "lab/check/checks.hpp"
#include "lab/limits.hpp"
#include "lab/schema/vocabulary.hpp"

namespace egress::lab {
namespace {

class BalancerCheck {
 public:
  BalancerCheck(const std::string& name, const LoadBalancer& balancer, const Lab& lab,
                Checks& checks)
      : path_("loadBalancers." + name),
        pools_(path_ + ".backendAddressPools"),
        rules_(path_ + ".loadBalancingRules"),
        balancer_(balancer),
        lab_(lab),
        checks_(checks) {}

  void check() {
    checks_.limit(path_ + ".frontendIPConfigurations", balancer_.frontend_ip_configurations.size(),
                  kMaxFrontends, "frontends");
    checks_.limit(rules_, balancer_.load_balancing_rules.size(), kMaxLoadBalancingRules, "rules");
    for (const auto& [name, pool] : balancer_.backend_address_pools) check_pool(name, pool);
    for (const auto& [name, rule] : balancer_.load_balancing_rules) check_rule(name, rule);
    check_for_all_ports();
  }

 private:
  std::string path_of_pool(const std::string& name) const { return pools_ + "." + name; }

  void check_pool(const std::string& name, const BackendAddressPool& pool) {
    const std::string path = path_of_pool(name) + ".backendIPConfigurations";
    checks_.limit(path, pool.backend_ip_configurations.size(), kMaxBackends, "machines",
                  " in a pool");
    std::set<std::string> seen;
    for (size_t i = 0; i < pool.backend_ip_configurations.size(); ++i) {
      const std::string& host = pool.backend_ip_configurations[i];
      const std::string at = fmt::format("{}[{}]", path, i);
      if (!checks_.refers(at, "host", host, lab_.hosts, "hosts")) continue;
      if (!lab_.hosts.at(host).subnet) {
        checks_.error(at, "pool-host", fmt::format("host '{}' stands in no virtual network", host),
                      {}, {"hosts." + host});
      } else if (!seen.insert(host).second) {
        checks_.error(at, "pool-host", fmt::format("host '{}' is in the pool already", host));
      }
    }
  }

  void check_rule(const std::string& name, const LoadBalancingRule& rule) {
    const std::string path = rules_ + "." + name;
    const bool frontend = checks_.refers(
        path + ".frontendIPConfiguration", "frontend", rule.frontend_ip_configuration,
        balancer_.frontend_ip_configurations, path_ + ".frontendIPConfigurations");
    const bool pool =
        checks_.refers(path + ".backendAddressPool", "pool", rule.backend_address_pool,
                       balancer_.backend_address_pools, pools_);
    check_ports(path, rule);
    if (frontend && pool) check_network(path, rule);
    check_twins(path, name, rule);
  }

  void check_ports(const std::string& path, const LoadBalancingRule& rule) {
    const uint16_t behind = rule.backend_port.value_or(rule.frontend_port);
    const Checks::Paths rests_on = {path + ".protocol", path + ".frontendPort",
                                    path + ".backendPort"};
    if (rule.for_all_ports()) {
      if (rule.frontend_port != 0 || behind != 0) {
        checks_.error(path, "load-balancing-port",
                      "protocol All is for all ports: 'frontendPort' and 'backendPort' are 0", {},
                      rests_on);
      }
      if (balancer_.sku == LoadBalancerSku::kBasic) {
        checks_.error(path + ".protocol", "load-balancing-sku",
                      "a Basic load balancer has no rule for all ports", {}, {path_ + ".sku"});
      }
    } else if (rule.frontend_port == 0 || behind == 0) {
      checks_.error(path, "load-balancing-port",
                    "port 0, which is all ports, goes with protocol All alone", {}, rests_on);
    }
  }

  // Machines stand where the frontend does.
  void check_network(const std::string& path, const LoadBalancingRule& rule) {
    const std::string& network =
        balancer_.frontend_ip_configurations.at(rule.frontend_ip_configuration).subnet.vnet;
    const auto& hosts =
        balancer_.backend_address_pools.at(rule.backend_address_pool).backend_ip_configurations;
    for (const std::string& name : hosts) {
      const auto host = lab_.hosts.find(name);
      if (host == lab_.hosts.end() || !host->second.subnet) continue;
      if (host->second.subnet->vnet == network) continue;
      checks_.error(
          path + ".backendAddressPool", "load-balancing-network",
          fmt::format("host '{}' stands in '{}', frontend '{}' in '{}': both have to be "
                      "in one virtual network",
                      name, host->second.subnet->vnet, rule.frontend_ip_configuration, network),
          {}, {path_ + ".frontendIPConfigurations", pools_, "hosts." + name + ".subnet"});
      return;
    }
    if (!hosts.empty()) return;
    checks_.warning(path + ".backendAddressPool", "no-effect",
                    fmt::format("pool '{}' holds no machine: what the rule takes is dropped",
                                rule.backend_address_pool),
                    {}, {pools_});
  }

  // Of one frontend each port, and of one pool each port of its machines, is one rule's.
  void check_twins(const std::string& path, const std::string& name,
                   const LoadBalancingRule& rule) {
    const auto claim = [&](auto& claims, auto key, const std::string& what) {
      const auto [other, fresh] = claims.emplace(std::move(key), name);
      if (fresh) return true;
      checks_.error(path, "load-balancing-twin",
                    fmt::format("rule '{}' has {} already", other->second, what), {},
                    {rules_ + "." + other->second});
      return false;
    };
    const std::string protocol = word_for(load_balancing_protocols(), rule.protocol);
    const uint16_t behind = rule.backend_port.value_or(rule.frontend_port);
    if (!claim(at_frontends_,
               std::tuple(rule.frontend_ip_configuration, rule.protocol, rule.frontend_port),
               fmt::format("{} port {} of frontend '{}'", protocol, rule.frontend_port,
                           rule.frontend_ip_configuration))) {
      return;
    }
    claim(at_pools_, std::tuple(rule.backend_address_pool, rule.protocol, behind),
          fmt::format("{} port {} of pool '{}'", protocol, behind, rule.backend_address_pool));
  }

  // Such a rule leaves nothing of its frontend or its pool to others.
  void check_for_all_ports() {
    for (const auto& [name, all] : balancer_.load_balancing_rules) {
      if (!all.for_all_ports()) continue;
      for (const auto& [other, rule] : balancer_.load_balancing_rules) {
        if (rule.for_all_ports()) continue;
        if (rule.frontend_ip_configuration != all.frontend_ip_configuration &&
            rule.backend_address_pool != all.backend_address_pool) {
          continue;
        }
        checks_.error(rules_ + "." + other, "load-balancing-twin",
                      fmt::format("rule '{}' takes all ports already", name), {},
                      {rules_ + "." + name});
      }
    }
  }

  std::string path_;
  std::string pools_;
  std::string rules_;
  const LoadBalancer& balancer_;
  const Lab& lab_;
  Checks& checks_;
  std::map<std::tuple<std::string, LoadBalancingProtocol, uint16_t>, std::string> at_frontends_{};
  std::map<std::tuple<std::string, LoadBalancingProtocol, uint16_t>, std::string> at_pools_{};
};

}  // namespace

void check_load_balancers(const Lab& lab, Checks& checks) {
  for (const auto& [name, balancer] : lab.load_balancers) {
    BalancerCheck(name, balancer, lab, checks).check();
  }
}

}  // namespace egress::lab
