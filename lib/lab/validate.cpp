// SPDX-License-Identifier: MIT
#include "lab/validate.hpp"

#include <fmt/format.h>

#include "lab/document.hpp"
#include "lab/read/json_tree.hpp"
#include "lab/read/resources.hpp"
#include "lab/slots.hpp"

namespace egress::lab {
namespace {

template <typename T>
std::optional<std::string> first_difference(const char* path, const Named<T>& a,
                                            const Named<T>& b) {
  for (const auto& [name, value] : a) {
    const auto other = b.find(name);
    if (other == b.end() || !(other->second == value)) return fmt::format("{}.{}", path, name);
  }
  return std::nullopt;
}

// The resource that its own description does not give back, or "" when it is the lab's own part.
std::string path_of_difference(const Lab& a, const Lab& b) {
  const auto site = first_difference("sites", a.sites, b.sites);
  for (const auto& path : {
           first_difference("virtualNetworks", a.virtual_networks, b.virtual_networks),
           first_difference("networkSecurityGroups", a.network_security_groups,
                            b.network_security_groups),
           first_difference("routeTables", a.route_tables, b.route_tables),
           first_difference("serverFarms", a.server_farms, b.server_farms),
           site ? std::optional(document_path(a, *site)) : std::nullopt,
           first_difference("hosts", a.hosts, b.hosts),
           first_difference("services", a.services, b.services),
           first_difference("privateEndpoints", a.private_endpoints, b.private_endpoints),
           first_difference("privateDnsZones", a.private_dns_zones, b.private_dns_zones),
           first_difference("subscriptions", a.subscriptions, b.subscriptions),
           first_difference("natGateways", a.nat_gateways, b.nat_gateways),
           first_difference("virtualNetworkGateways", a.virtual_network_gateways,
                            b.virtual_network_gateways),
           first_difference("onPremises", a.on_premises, b.on_premises),
           first_difference("loadBalancers", a.load_balancers, b.load_balancers),
           first_difference("certificates", a.certificates, b.certificates),
       }) {
    if (path) return *path;
  }
  if (!(a.public_dns == b.public_dns)) return "publicDns";
  return a.expectations == b.expectations ? "" : "expectations";
}

Finding refusal(std::string path, std::string code, std::string message) {
  return {.path = std::move(path), .code = std::move(code), .message = std::move(message)};
}

}  // namespace

std::vector<Finding> validate(const Lab& lab) {
  const Document document = document_of(lab);
  if (const auto text = text_of(document, -1); !text) {
    return {refusal({}, "encoding", text.error().message)};
  }
  const ReadFile no_files = [](const std::string&) -> Result<std::string> {
    return Error{.code = Errc::kNotFound, .message = "its tags are missing"};
  };
  Loaded loaded = read_lab(tree_of(document), {}, no_files, &lab);
  if (loaded.lab && !(*loaded.lab == lab)) {
    loaded.findings.push_back(
        refusal(path_of_difference(lab, *loaded.lab), "not-canonical",
                "it has a value that no lab file gives it: a reference or a word in another "
                "spelling, or two forms of one condition at once"));
  }
  return std::move(loaded.findings);
}

}  // namespace egress::lab
