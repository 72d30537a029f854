// SPDX-License-Identifier: MIT

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "lab/check/checks.hpp"
#include "lab/limits.hpp"
#include "lab/service_tags.hpp"
#include "lab/service_types.hpp"

namespace egress::lab {
namespace {

// "Microsoft.Storage.Global" is an endpoint for Microsoft.Storage, too (azure-facts 1.4.1).
bool has_endpoint(const Subnet& subnet, const std::string& service) {
  return std::any_of(subnet.service_endpoints.begin(), subnet.service_endpoints.end(),
                     [&](const ServiceEndpoint& endpoint) {
                       return endpoint.service == service ||
                              endpoint.service == service + ".Global";
                     });
}

class ServiceCheck {
 public:
  ServiceCheck(const std::string& name, const Service& service, const Lab& lab, Checks& checks)
      : path_("services." + name),
        service_(service),
        profile_(profile_of(name, service)),
        lab_(lab),
        checks_(checks) {}

  void check() {
    check_type();
    check_names();
    check_ports();
    if (is_built_in_tag(service_.service_tag)) {
      checks_.error(path_ + ".serviceTag", "unknown-service-tag",
                    fmt::format("{} is no tag of a service", service_.service_tag));
    }
    if (service_.network_acls) check_acls(*service_.network_acls);
  }

 private:
  void check_type() {
    if (!service_.type.empty() && find_service_type(service_.type) == nullptr) {
      std::vector<std::string> known;
      for (const ServiceType& type : service_types()) known.push_back(type.name);
      checks_.warning(
          path_ + ".type", "unknown-type",
          fmt::format("'{}' is not a type that is known here: its names, ports and tag "
                      "are what you write",
                      shown(service_.type)),
          checks_.wants_suggestions() ? suggestion(service_.type, known) : std::string{});
    }
  }

  void check_names() {
    for (const PublicName& name : profile_.names) {
      if (name.privatelink_name.size() <= kMaxDomainName) continue;
      checks_.error(path_ + ".names", "name",
                    fmt::format("'{}' leaves no room for its privatelink name, which would be "
                                "longer than {} characters",
                                shown(name.name), kMaxDomainName),
                    {}, {path_ + ".type"});
    }
  }

  void check_ports() {
    if (profile_.listen.empty()) {
      checks_.error(path_, "service-ports",
                    "the service has no port to listen on: write 'listen' or a known 'type'", {},
                    {path_ + ".listen", path_ + ".type", path_ + ".names"});
    }
    if (profile_.names.empty()) {
      checks_.error(path_, "service-ports",
                    "the service has no name: write 'names' or a known 'type'", {},
                    {path_ + ".names", path_ + ".type"});
    }
    check_listen(path_, service_.listen, "a service", checks_);
  }

  void check_acls(const NetworkAcls& acls) {
    const std::string path = path_ + ".networkAcls";
    for (size_t i = 0; i < acls.ip_rules.size(); ++i) {
      if (!is_rfc1918(acls.ip_rules[i].first())) continue;
      checks_.warning(fmt::format("{}.ipRules[{}]", path, i), "no-effect",
                      fmt::format("{} is private: IP rules see public addresses only",
                                  short_text(acls.ip_rules[i])));
    }
    for (size_t i = 0; i < acls.virtual_network_rules.size(); ++i) {
      const SubnetRef& ref = acls.virtual_network_rules[i];
      const std::string at = fmt::format("{}.virtualNetworkRules[{}]", path, i);
      if (!checks_.refers_to_subnet(at, ref, lab_) || profile_.type == nullptr) continue;
      if (has_endpoint(*lab_.find(ref), profile_.type->endpoint)) continue;
      checks_.warning(at, "no-effect",
                      fmt::format("subnet '{}' has no service endpoint for {}: the rule matches "
                                  "nothing until it has",
                                  ref.to_string(), profile_.type->endpoint),
                      {}, {subnet_path(ref) + ".serviceEndpoints"});
    }
  }

  std::string path_;
  const Service& service_;
  ServiceProfile profile_;
  const Lab& lab_;
  Checks& checks_;
};

void check_service_endpoints(const SubnetRef& ref, const Subnet& subnet, Checks& checks) {
  std::set<std::string> seen;
  for (size_t i = 0; i < subnet.service_endpoints.size(); ++i) {
    const std::string& service = subnet.service_endpoints[i].service;
    if (seen.insert(service).second) continue;
    checks.error(fmt::format("{}.serviceEndpoints[{}]", subnet_path(ref), i),
                 "service-endpoint-duplicate", fmt::format("'{}' stands there twice", service));
  }
}

}  // namespace

void check_services(const Lab& lab, Checks& checks) {
  for (const auto& [name, service] : lab.services) ServiceCheck(name, service, lab, checks).check();
  std::set<SubnetRef> joined;
  for (const auto& [name, site] : lab.sites) {
    if (site.virtual_network_subnet) joined.insert(*site.virtual_network_subnet);
  }
  for (const auto& [vnet, network] : lab.virtual_networks) {
    for (const auto& [name, subnet] : network.subnets) {
      const SubnetRef ref{vnet, name};
      check_service_endpoints(ref, subnet, checks);
      if (subnet.service_endpoint_policies.empty()) continue;
      const std::string at = subnet_path(ref) + ".serviceEndpointPolicies";
      if (joined.contains(ref)) {  // azure-facts 3.3.7
        checks.error(at, "service-endpoint-policies",
                     "service endpoint policies are not supported on an integration subnet", {},
                     {"sites"});
      } else {
        checks.warning(at, "not-emulated",
                       "service endpoint policies are not emulated: every account is reached");
      }
    }
  }
}

}  // namespace egress::lab
