// SPDX-License-Identifier: MIT
#include "lab/write/writer.hpp"

namespace egress::lab {
namespace {

// One stands for itself, as do an address and the prefix that holds nothing else.
Document sources(const std::vector<Ipv4Prefix>& prefixes) {
  Document json;
  for (const Ipv4Prefix& prefix : prefixes) json.push_back(short_text(prefix));
  return prefixes.size() == 1 ? json.front() : json;
}

Document expected(const Expectation& expectation) {
  if (expectation.running) return word_for(startup_outcomes(), *expectation.running);
  if (expectation.resolve.empty()) return word_for(outcomes(), expectation.expect);
  if (expectation.status) return name_of(*expectation.status);
  Document json = Document::array();
  for (const Ipv4Address& address : expectation.addresses) json.push_back(address.to_string());
  return expectation.addresses.size() == 1 ? json.front() : json;
}

}  // namespace

Document Writer::json_of(const ServerFarm& farm) const {
  const auto& [sku, capacity, outbound, subscription, interface, impairment, location, reserved,
               hyper_v] = farm;
  return object(
      field("sku", sku), field("capacity", capacity), field("outboundIpAddresses", outbound),
      field("subscription", if_any(subscription)),
      field("interface", word_unless(integration_interfaces(), ServerFarm{}.interface, interface)),
      field("impairment", impairment), field("location", if_any(location)),
      field("reserved", unless(true, reserved)), field("hyperV", if_true(hyper_v)));
}

Document Writer::json_of(const Impairment& impairment) const {
  const auto& [latency, jitter, loss, duplicate, reorder, rate, seed] = impairment;
  const auto time = [](std::chrono::microseconds value) {
    return unless(text_of_latency({}), text_of_latency(value));
  };
  const auto share = [](double value) { return unless(text_of_share(0), text_of_share(value)); };
  return object(field("latency", time(latency)), field("jitter", time(jitter)),
                field("loss", share(loss)), field("duplicate", share(duplicate)),
                field("reorder", share(reorder)),
                field("rate", unless(text_of_rate(0), text_of_rate(rate))),
                field("seed", unless(static_cast<int>(Impairment{}.seed), static_cast<int>(seed))));
}

Document Writer::json_of(const OutboundVnetRouting& routing) const {
  const auto& [all, application, content_share, image_pull, backup_restore, identity] = routing;
  return object(field("allTraffic", all), field("applicationTraffic", application),
                field("contentShareTraffic", content_share), field("imagePullTraffic", image_pull),
                field("backupRestoreTraffic", backup_restore),
                field("managedIdentityTraffic", identity));
}

Document Writer::json_of(const Host& host) const {
  const auto& [subnet, on_premises, address, prefixes, names, listen, forwards, masquerade,
               security_group, public_address, groups, dns_server, stateful, rules] = host;
  return object(field("subnet", subnet), field("internet", if_true(host.internet())),
                field("onPremises", on_premises),
                field("ipAddress", host.has_address() ? std::optional(address) : std::nullopt),
                field("addressPrefixes", prefixes), field("names", names), field("listen", listen),
                field("enableIPForwarding", if_true(forwards)), field("masquerade", masquerade),
                field("networkSecurityGroup", security_group),
                field("publicIPAddress", public_address),
                field("applicationSecurityGroups", groups), field("dnsServer", dns_server),
                field("stateful", if_true(stateful)), field("networkRules", rules));
}

Document Writer::json_of(const Expectation& expectation) const {
  const auto& [from, instance, host, to, expect, by, via, source, resolve, addresses, status,
               traffic, startup, running, line] = expectation;
  static_cast<void>(std::tie(expect, addresses, status, running, line));
  const std::string app = instance == 0 ? from : fmt::format("{}/{}", from, instance);
  Document json =
      object(field("from", host.empty() ? app : "host/" + host), field("to", if_any(to)),
             field("resolve", if_any(resolve)), field("startup", if_true(startup)));
  json["expect"] = expected(expectation);
  put(json, field("traffic", word_unless(traffic_classes(), TrafficClass::kApplication, traffic)),
      field("by", by), field("via", via), Field{"source", sources(source)});
  return json;
}

}  // namespace egress::lab
