// SPDX-License-Identifier: MIT
#include "policy/service_access.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace egress::policy {
namespace {

using lab::Access;
using lab::Refusal;

struct Judgement {
  Access access = Access::kAllow;
  std::string reason{};
};

std::string client_of(const Entry& entry) {
  return entry.source ? entry.source->to_string() : "an address of the platform";
}

Judgement by_default(const lab::NetworkAcls& acls, const std::string& why) {
  return {acls.default_action, fmt::format("{}, and networkAcls.defaultAction is {}.", why,
                                           lab::name_of(acls.default_action))};
}

// IP rules are for public sources: a private one meets virtual network rules alone.
Judgement by_service_endpoint(const lab::NetworkAcls& acls, const Entry& entry) {
  const auto& rules = acls.virtual_network_rules;
  const bool listed = std::any_of(rules.begin(), rules.end(), [&](const lab::SubnetRef& rule) {
    return rule.to_string() == entry.subnet;
  });
  if (listed) {
    return {Access::kAllow, fmt::format("A virtual network rule allows {}.", entry.subnet)};
  }
  return by_default(acls, fmt::format("No virtual network rule names {}", entry.subnet));
}

Judgement by_internet(const lab::NetworkAcls& acls, const Entry& entry) {
  if (!entry.source) return by_default(acls, "No IP rule can name the platform's own addresses");
  const auto& rules = acls.ip_rules;
  const auto rule = std::find_if(rules.begin(), rules.end(), [&](const Ipv4Prefix& prefix) {
    return prefix.contains(*entry.source);
  });
  if (rule != rules.end()) {
    return {Access::kAllow,
            fmt::format("IP rule {} allows {}.", rule->to_string(), entry.source->to_string())};
  }
  return by_default(acls, fmt::format("No IP rule holds {}", entry.source->to_string()));
}

Judgement judge(const ServiceFirewall& firewall, const Entry& entry) {
  if (entry.way == Entry::Way::kPrivateEndpoint) {
    return {Access::kAllow, "What comes by a private endpoint meets no rule of the service."};
  }
  if (firewall.public_network_access == lab::PublicNetworkAccess::kDisabled) {
    return {Access::kDeny,
            "publicNetworkAccess is Disabled, which lets in private endpoints alone."};
  }
  if (firewall.acls == lab::NetworkAcls{}) {
    return {Access::kAllow, "publicNetworkAccess is Enabled, and there are no network rules."};
  }
  if (entry.way == Entry::Way::kServiceEndpoint) return by_service_endpoint(firewall.acls, entry);
  return by_internet(firewall.acls, entry);
}

struct Words {
  std::string code{};
  std::string message{};
};

// 40615 stands for both of Azure SQL's refusals (contract, part 2); its message tells them apart.
Words sql_words(const ServiceFirewall& firewall, const std::string& client) {
  if (firewall.public_network_access == lab::PublicNetworkAccess::kDisabled) {
    return {"40615",
            "Connection was denied because Deny Public Network Access is set to Yes. To connect to "
            "this server, use the Private Endpoint from inside your virtual network."};
  }
  return {"40615", fmt::format("Cannot open server '{}' requested by the login. Client with IP "
                               "address '{}' is not allowed to access the server.",
                               firewall.name, client)};
}

Words registry_words(const std::string& client) {
  const std::string sentence = fmt::format(
      "denied: client with IP '{}' is not allowed access. Refer https://aka.ms/acr/firewall to "
      "grant access.",
      client);
  return {sentence, sentence};
}

Words words_of(const ServiceFirewall& firewall, const Entry& entry) {
  const std::string client = client_of(entry);
  switch (firewall.refusal) {
    case Refusal::kStorage:
      return {"AuthorizationFailure", "This request is not authorized to perform this operation."};
    case Refusal::kKeyVault:
      return {"ForbiddenByFirewall",
              fmt::format("Client address is not authorized and caller is not a trusted service. "
                          "Client address: {}",
                          client)};
    case Refusal::kSql: return sql_words(firewall, client);
    case Refusal::kRegistry: return registry_words(client);
    case Refusal::kCosmos:
      return {"Forbidden",
              fmt::format("Request originated from IP {} through {}. This is blocked "
                          "by your Cosmos DB account firewall settings.",
                          client,
                          entry.way == Entry::Way::kServiceEndpoint ? "a virtual network"
                                                                    : "public internet")};
    case Refusal::kMessaging:
      return {"Unauthorized", "Ip has been prevented to connect to the endpoint."};
    case Refusal::kCognitive:
      return {"AccessDenied", "Access denied due to Virtual Network/Firewall rules."};
    case Refusal::kWeb:
      return {"Ip Forbidden", "The web app you have attempted to reach has blocked your access."};
    case Refusal::kOther: break;
  }
  return {"Forbidden", fmt::format("The network rules of {} refuse the client.", firewall.name)};
}

}  // namespace

ServiceFirewall firewall_of(const std::string& name, const lab::Service& service) {
  const lab::ServiceProfile profile = lab::profile_of(name, service);
  return {.public_network_access = service.public_network_access,
          .acls = service.network_acls.value_or(lab::NetworkAcls{}),
          .refusal = profile.type != nullptr ? profile.type->refusal : Refusal::kOther,
          .name = name};
}

ServiceFirewall firewall_of_site(const lab::Lab& lab, const std::string& site) {
  return {.public_network_access = lab::public_network_access(lab, site),
          .refusal = Refusal::kWeb,
          .name = site};
}

ServiceAnswer service_access(const ServiceFirewall& firewall, const Entry& entry) {
  Judgement judgement = judge(firewall, entry);
  ServiceAnswer answer{.access = judgement.access, .reason = std::move(judgement.reason)};
  if (answer.access == Access::kAllow) return answer;
  Words words = words_of(firewall, entry);
  answer.code = std::move(words.code);
  answer.message = std::move(words.message);
  return answer;
}

}  // namespace egress::policy
