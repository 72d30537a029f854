// SPDX-License-Identifier: MIT
#include "policy/served_names.hpp"

#include <algorithm>
#include <unordered_map>
#include <vector>

namespace egress::policy {
namespace {

constexpr int kLongestChain = 16;  // of aliases; no resolver follows a longer one

// A name's records, of all that say something about it.
struct Known {
  std::vector<Ipv4Address> addresses{};
  std::vector<std::string> aliases{};
};

class Directory {
 public:
  Directory(const lab::Lab& lab, const Names& names) {
    take(names.public_sets);
    for (const Names::Zone& zone : names.zones) take(zone.sets);
    for (const Names::View& view : names.views) take(view.provided);
    for (const auto& [name, host] : lab.hosts) {
      if (host.dns_server) take(host.dns_server->record_sets);
    }
  }

  NamesByAddress by_address() const {
    NamesByAddress found;
    for (const auto& [name, known] : known_) collect(name, known, kLongestChain, found);
    return found;
  }

 private:
  template <typename Sets>
  void take(const Sets& sets) {
    for (const auto& [name, set] : sets) {
      if (set.a.empty() && !set.cname) continue;
      Known& known = known_[name];
      known.addresses.insert(known.addresses.end(), set.a.begin(), set.a.end());
      if (set.cname) known.aliases.push_back(*set.cname);
    }
  }

  void collect(const std::string& name, const Known& known, int left, NamesByAddress& found) const {
    for (const Ipv4Address address : known.addresses) found[address].insert(name);
    if (left == 0) return;
    for (const std::string& alias : known.aliases) {
      if (const Known* target = find(alias)) collect(name, *target, left - 1, found);
    }
  }

  // By the name itself, or by the wildcard above it.
  const Known* find(const std::string& name) const {
    const auto exact = known_.find(name);
    if (exact != known_.end()) return &exact->second;
    for (size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1)) {
      const auto wildcard = known_.find("*" + name.substr(dot));
      if (wildcard != known_.end()) return &wildcard->second;
    }
    return nullptr;
  }

  std::unordered_map<std::string, Known> known_{};
};

void add_frontends(const Network& network, Index at, std::set<Ipv4Address>& addresses) {
  for (const Network::Frontend& frontend : network.frontends) {
    const bool leads_here =
        std::any_of(frontend.rules.begin(), frontend.rules.end(), [&](const auto& rule) {
          return std::find(rule.machines.begin(), rule.machines.end(), at) != rule.machines.end();
        });
    if (leads_here) addresses.insert(frontend.address);
  }
}

}  // namespace

bool ServedNames::covers(const std::string& name) const {
  if (any_name || names.contains(name)) return true;
  for (size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1)) {
    if (names.contains("*" + name.substr(dot))) return true;
  }
  return false;
}

NamesByAddress names_by_address(const lab::Lab& lab, const Names& names) {
  return Directory(lab, names).by_address();
}

ServedNames served_names(const Network& network, const NamesByAddress& names, Index at) {
  const Interface& interface = network.interfaces[at];
  ServedNames served;
  add_frontends(network, at, served.addresses);
  if (interface.is_reached_by_public_address()) served.addresses.insert(*interface.public_address);
  std::set<Ipv4Address> all = served.addresses;
  if (interface.host != nullptr && !interface.host->has_address()) {
    served.any_name = true;
  } else {
    all.insert(interface.address);
  }
  if (interface.service != nullptr || interface.site != nullptr) {
    for (const Interface& each : network.interfaces) {
      if (each.endpoint != nullptr && each.behind == at) all.insert(each.address);
    }
  }
  for (const Ipv4Address address : all) {
    const auto found = names.find(address);
    if (found != names.end()) served.names.insert(found->second.begin(), found->second.end());
  }
  return served;
}

}  // namespace egress::policy
