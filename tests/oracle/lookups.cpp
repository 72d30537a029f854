// SPDX-License-Identifier: MIT
#include "tests/oracle/lookups.hpp"

#include <fmt/format.h>

#include "lab/domain_name.hpp"
#include "lab/service_types.hpp"
#include "policy/explain.hpp"
#include "tests/oracle/traffic.hpp"

namespace egress::oracle {
namespace {

using policy::RecordType;

const std::vector<RecordType> kTypes = {
    RecordType::kA,    RecordType::kA,   RecordType::kA,   RecordType::kA,     RecordType::kA,
    RecordType::kA,    RecordType::kA,   RecordType::kA,   RecordType::kA,     RecordType::kA,
    RecordType::kAaaa, RecordType::kTxt, RecordType::kMx,  RecordType::kPtr,   RecordType::kSrv,
    RecordType::kAny,  RecordType::kNs,  RecordType::kSoa, RecordType::kCname, RecordType{65}};

// What few apps are answered, since most are linked with other zones and ask other servers.
constexpr size_t kOften = 4;
constexpr uint16_t kHttps = 443;

class LookupGenerator {
 public:
  LookupGenerator(const lab::Lab& lab, uint64_t seed)
      : lab_(lab),
        random_(seed),
        classes_(later_draws(seed, 3)),
        in_use_(policy::traffic_in_use(lab, run_in(lab))) {
    for (const auto& [key, zone] : lab.private_dns_zones) add_zone(zone);
    for (const auto& [name, set] : lab.public_dns.record_sets) add(name);
    for (const auto& [name, host] : lab.hosts) add_host(name, host);
    for (const auto& [name, service] : lab.services) add(lab::profile_of(name, service));
    for (const auto& [name, site] : lab.sites) {
      add(lab::profile_of_site(name, lab));
      // Those keep what they were told under the lab before.
      if (lab.server_farms.at(site.server_farm).hyper_v) continue;
      for (int i = 0; i < lab.server_farms.at(site.server_farm).capacity; ++i) {
        apps_.push_back({name, i});
      }
    }
  }

  std::vector<NameCase> make(size_t count) {
    std::vector<NameCase> cases;
    while (cases.size() < count && !apps_.empty()) {
      NameCase& next =
          cases.emplace_back(NameCase{.from = random_.pick(apps_), .type = random_.pick(kTypes)});
      const uint32_t kind = random_.below(100);
      next.name = random_.pick(kind < 92 ? names_ : strange_);
      if (next.name.ends_with(".arpa") && random_.chance(80)) next.type = RecordType::kPtr;
      next.tcp = random_.chance(15);
      draw_traffic(in_use_, classes_, next.from);
    }
    return cases;
  }

 private:
  // Itself, or what a wildcard stands for; what lies below, and the name that is no more than a
  // part of others.
  void add(const std::string& name, size_t weight = 1) {
    const bool wildcard = name.starts_with("*.");
    const std::string exact = wildcard ? "any" + name.substr(1) : name;
    names_.insert(names_.end(), weight, exact);
    strange_.push_back("below." + exact);
    strange_.push_back(exact.substr(exact.find('.') + 1));
  }

  void add_zone(const lab::PrivateDnsZone& zone) {
    names_.push_back(zone.zone_name);
    strange_.push_back("nobody." + zone.zone_name);
    for (const auto& [name, set] : zone.record_sets) {
      add(lab::full_name(name, zone.zone_name), kOften);
    }
    for (const auto& [vnet, link] : zone.virtual_network_links) {
      if (!link.registration_enabled) continue;
      for (const auto& [name, host] : lab_.hosts) {
        if (!host.subnet) continue;
        auto& names = host.subnet->vnet == vnet ? names_ : strange_;
        names.push_back(lab::plain_domain_name(name) + "." + zone.zone_name);
      }
    }
  }

  void add_host(const std::string& name, const lab::Host& host) {
    names_.push_back(lab::plain_domain_name(name));
    names_.insert(names_.end(), host.names.begin(), host.names.end());
    names_.push_back(lab::plain_domain_name(name) + ".internal.cloudapp.net");
    const uint32_t bits = host.ip_address.bits;
    names_.push_back(fmt::format("{}.{}.{}.{}.in-addr.arpa", bits & 255U, bits >> 8U & 255U,
                                 bits >> 16U & 255U, bits >> 24U));
    if (!host.dns_server) return;
    for (const auto& [own, set] : host.dns_server->record_sets) add(own, kOften);
  }

  // Twice, as they are what zones of private links are about.
  void add(const lab::ServiceProfile& profile) {
    for (const lab::PublicName& each : profile.names) {
      names_.insert(names_.end(), 2, each.name);
      if (each.privatelink_name.empty()) continue;
      names_.push_back(each.privatelink_name);
    }
  }

  const lab::Lab& lab_;
  Random random_;
  Random classes_;
  const policy::TrafficInUse in_use_;
  std::vector<lab::Sender> apps_{};
  std::vector<std::string> names_{};
  std::vector<std::string> strange_{"nowhere.example.org", "internal.cloudapp.net", "net"};
};

}  // namespace

std::optional<Ipv4Address> answered_in_tls(const policy::Network& network, const NameCase& name,
                                           uint16_t source_port) {
  if (name.type != RecordType::kA || name.from.traffic == lab::TrafficClass::kKeyVault) return {};
  if (!lab::is_host_name(name.name)) return {};  // GnuTLS ends a handshake that asks for such a one
  const auto explained =
      policy::explain(network, name.from,
                      {.protocol = Protocol::kTcp, .host = name.name, .port = kHttps}, source_port);
  if (!explained.ok() || explained->verdict != lab::Verdict::kAllow || explained->refused)
    return {};
  const bool is_answered = explained->reply && !explained->reply->half_open &&
                           explained->reply->verdict == lab::Verdict::kAllow;
  if (!is_answered || explained->answer_unknown || explained->host.empty()) return {};
  return explained->flow.destination;
}

std::vector<NameCase> random_names(const lab::Lab& lab, uint64_t seed, size_t count) {
  return LookupGenerator(lab, seed).make(count);
}

}  // namespace egress::oracle
