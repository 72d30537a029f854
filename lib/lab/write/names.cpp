// SPDX-License-Identifier: MIT
#include "lab/suggest.hpp"
#include "lab/write/writer.hpp"

namespace egress::lab {

Document Writer::json_of(const Named<PrivateDnsZone>& zones) const {
  Document::object_t json;
  for (const auto& [key, zone] : zones) {
    const auto& [name, links, sets] = zone;
    json.emplace_back(key, object(field("zoneName", unless(lower_case(key), name)),
                                  field("virtualNetworkLinks", links), field("recordSets", sets)));
  }
  return json.empty() ? Document() : Document(std::move(json));
}

Document Writer::json_of(const VirtualNetworkLink& link) const {
  const auto& [registration, policy] = link;
  return object(field("registrationEnabled", if_true(registration)),
                field("resolutionPolicy",
                      word_unless(resolution_policies(), ResolutionPolicy::kDefault, policy)));
}

Document Writer::json_of(const RecordSet& set) const {
  const auto& [ttl, a, aaaa, cname, txt, ptr, mx, srv] = set;
  return object(field("A", a), field("AAAA", aaaa), field("CNAME", cname), field("TXT", txt),
                field("PTR", ptr), field("MX", mx), field("SRV", srv),
                field("ttl", unless(RecordSet{}.ttl, ttl)));
}

Document Writer::json_of(const MxRecord& record) const {
  const auto& [preference, exchange] = record;
  return object(field("preference", preference), field("exchange", exchange));
}

Document Writer::json_of(const SrvRecord& record) const {
  const auto& [priority, weight, port, target] = record;
  return object(field("priority", priority), field("weight", weight), field("port", port),
                field("target", target));
}

Document Writer::json_of(const PublicDns& dns) const {
  const auto& [sets, forward_to] = dns;
  return object(field("recordSets", sets), field("forwardTo", forward_to));
}

Document Writer::json_of(const DnsServer& server) const {
  const auto& [forward_to, sets] = server;
  return object(field("forwardTo", forward_to), field("recordSets", sets));
}

Document Writer::json_of(const DnsConfiguration& configuration) const {
  const auto& [servers, alternative, attempts, timeout, cache] = configuration;
  return object(field("dnsServers", servers), field("dnsAltServer", alternative),
                field("dnsRetryAttemptCount", attempts), field("dnsRetryAttemptTimeout", timeout),
                field("dnsMaxCacheTimeout", cache));
}

Document Writer::json_of(const Service& service) const {
  const auto& [type, location, address, names, listen, tag, access, acls, secrets, subscription] =
      service;
  return object(field("type", if_any(type)), field("location", unless(lab_.location, location)),
                field("ipAddress", address), field("names", names), field("listen", listen),
                field("serviceTag", if_any(tag)),
                field("publicNetworkAccess", word_unless(public_network_accesses(),
                                                         PublicNetworkAccess::kEnabled, access)),
                field("networkAcls", acls), field("secrets", secrets),
                field("subscription", if_any(subscription)));
}

Document Writer::json_of(const Secret& secret) const {
  const auto& [value] = secret;
  return object(field("value", value));
}

Document Writer::json_of(const NetworkAcls& acls) const {
  const auto& [default_action, ip_rules, network_rules, bypass] = acls;
  Document prefixes;
  for (const Ipv4Prefix& prefix : ip_rules) prefixes.push_back(short_text(prefix));
  return object(field("defaultAction", default_action), Field{"ipRules", std::move(prefixes)},
                field("virtualNetworkRules", network_rules), field("bypass", bypass));
}

Document Writer::json_of(const PrivateEndpoint& endpoint) const {
  const auto& [subnet, address, service, groups, status, zones] = endpoint;
  return object(
      field("subnet", subnet), field("ipAddress", address), field("privateLinkService", service),
      field("groupIds", groups),
      field("status", word_unless(endpoint_statuses(), EndpointStatus::kApproved, status)),
      field("privateDnsZones", zones));
}

}  // namespace egress::lab
