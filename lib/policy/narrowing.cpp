// SPDX-License-Identifier: MIT
// Theory of operation. What a gate lets through in both networks, it does by one list, if it gets
// stricter only or looser only; else by both in a row.
#include "policy/narrowing.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace egress::policy {
namespace {

using GatePointer = std::shared_ptr<const Gate>;

// How what a rule matches changes.
struct Resize {
  bool grows = false;
  bool shrinks = false;
};

template <typename T>
Resize resize(const IntervalSet<T>& from, const IntervalSet<T>& to) {
  if (from == to) return {};
  const IntervalSet<T> both = from.intersected(to);
  return {.grows = !(both == to), .shrinks = !(both == from)};
}

Resize resize(lab::SecurityRuleProtocol from, lab::SecurityRuleProtocol to) {
  if (from == to) return {};
  return {.grows = from != lab::SecurityRuleProtocol::kAny,
          .shrinks = to != lab::SecurityRuleProtocol::kAny};
}

// Compares lists rule by rule. Tags are large and stand in many rules, so sets that were compared
// are known again.
class Lists {
 public:
  Turn turn(const std::vector<EffectiveRule>& from, const std::vector<EffectiveRule>& to) {
    Turn all;
    auto old = from.begin();
    auto now = to.begin();
    while (old != from.end() || now != to.end()) {
      if (now == to.end() || (old != from.end() && place(*old) < place(*now))) {
        note_gone(all, *old++);
      } else if (old == from.end() || place(*now) < place(*old)) {
        note_come(all, *now++);
      } else {
        note_changed(all, *old++, *now++);
      }
    }
    return all;
  }

 private:
  // The rule that ends a firewall's list has no priority.
  static int place(const EffectiveRule& rule) {
    return rule.rule.priority == 0 ? std::numeric_limits<int>::max() : rule.rule.priority;
  }

  static bool allows(const EffectiveRule& rule) { return rule.rule.access == lab::Access::kAllow; }
  static void note_gone(Turn& turn, const EffectiveRule& rule) {
    (allows(rule) ? turn.stricter : turn.looser) = true;
  }
  static void note_come(Turn& turn, const EffectiveRule& rule) {
    (allows(rule) ? turn.looser : turn.stricter) = true;
  }

  void note_changed(Turn& turn, const EffectiveRule& old, const EffectiveRule& now) {
    if (old.rule.access != now.rule.access) {
      note_gone(turn, old);
      note_come(turn, now);
      return;
    }
    for (const Resize& each :
         {resize(old.rule.protocol, now.rule.protocol),
          resize(old.rule.source_ports, now.rule.source_ports),
          resize(old.rule.destination_ports, now.rule.destination_ports),
          known(old.sources, now.sources), known(old.destinations, now.destinations)}) {
      if (each.grows) note_come(turn, now);
      if (each.shrinks) note_gone(turn, old);
    }
  }

  Resize known(const SharedAddresses& from, const SharedAddresses& to) {
    const auto [found, added] = known_.emplace(std::pair(&*from, &*to), Resize{});
    if (added) found->second = resize(*from, *to);
    return found->second;
  }

  std::map<std::pair<const AddressSet*, const AddressSet*>, Resize> known_{};
};

// Finds in one network what another one has, by its name.
template <typename T>
class Counterparts {
 public:
  explicit Counterparts(const std::vector<T>& all) {
    for (const T& each : all) {
      if (has_gates(each)) by_name_.emplace(each.name, &each);
    }
  }
  const T* of(const T& other) const {
    const auto found = has_gates(other) ? by_name_.find(other.name) : by_name_.end();
    return found == by_name_.end() ? nullptr : found->second;
  }

 private:
  template <typename Any>
  static bool has_gates(const Any&) {
    return true;
  }
  static bool has_gates(const Interface& interface) { return interface.host != nullptr; }

  std::unordered_map<std::string_view, const T*> by_name_{};
};

constexpr GatePointer Network::Subnet::*kOfSubnets[] = {
    &Network::Subnet::outbound, &Network::Subnet::inbound, &Network::Subnet::endpoints_inbound,
    &Network::Subnet::platform};
constexpr GatePointer Interface::*kOfMachines[] = {&Interface::outbound, &Interface::inbound,
                                                   &Interface::platform, &Interface::network_rules};

// Of a peering: sources that its port lets in; nothing: all.
std::optional<AddressSet> let_in(const Network::Vnet& vnet, Index peer) {
  if (vnet.accepts_forwarded_from.at(peer)) return std::nullopt;
  const auto own = vnet.own_of_peers.find(peer);
  return own == vnet.own_of_peers.end() ? AddressSet() : own->second;
}

bool gets_looser(const std::optional<AddressSet>& from, const std::optional<AddressSet>& to) {
  return from && (!to || !(from->intersected(*to) == *to));
}

bool opens(const lab::PrivateEndpoint& from, const lab::PrivateEndpoint& to) {
  return from.status != lab::EndpointStatus::kApproved &&
         to.status == lab::EndpointStatus::kApproved;
}

class Narrowing {
 public:
  Narrowing(const Network& from, const Network& to)
      : from_(from),
        to_(to),
        subnets_(from.subnets),
        machines_(from.interfaces),
        vnets_(from.vnets) {}

  std::shared_ptr<const Network> run() {
    look();
    if (!is_needed()) return nullptr;
    const std::shared_ptr<Network> narrowed = copy_of(to_);
    narrow(subnets_, kOfSubnets, to_.subnets, narrowed->subnets);
    narrow(machines_, kOfMachines, to_.interfaces, narrowed->interfaces);
    for (const auto& [vnet, peer, sources] : peerings_) {
      narrowed->vnets[vnet].accepts_forwarded_from[peer] = false;
      narrowed->vnets[vnet].own_of_peers[peer] = sources;
    }
    for (const auto& [name, status] : endpoints_) {
      narrowed->situation.lab.private_endpoints.at(name).status = status;
    }
    return narrowed;
  }

 private:
  struct Peering {
    Index vnet = kNowhere;
    Index peer = kNowhere;
    AddressSet sources{};
  };

  void look() {
    look_at(subnets_, kOfSubnets, to_.subnets);
    look_at(machines_, kOfMachines, to_.interfaces);
    for (Index vnet = 0; vnet < to_.vnets.size(); ++vnet) {
      if (const Network::Vnet* before = vnets_.of(to_.vnets[vnet])) look_at_peers(*before, vnet);
    }
    look_at_endpoints();
  }

  void look_at_endpoints() {
    const auto& before = from_.situation.lab.private_endpoints;
    for (const auto& [name, endpoint] : to_.situation.lab.private_endpoints) {
      const auto was = before.find(name);
      if (was == before.end() || !opens(was->second, endpoint)) continue;
      endpoints_.emplace_back(name, was->second.status);
    }
  }

  template <typename T, size_t kCount>
  void look_at(const Counterparts<T>& before, GatePointer T::*const (&gates)[kCount],
               const std::vector<T>& all) {
    for (const T& each : all) {
      const T* const was = before.of(each);
      if (was == nullptr) continue;
      for (const auto gate : gates) {
        const Turn turn = turn_of(was->*gate, each.*gate);
        looser_ += turn.looser ? 1 : 0;
        stricter_ += turn.stricter ? 1 : 0;
        both_ += turn.looser && turn.stricter ? 1 : 0;
      }
    }
  }

  void look_at_peers(const Network::Vnet& before, Index vnet) {
    for (const auto& [peer, accepts] : to_.vnets[vnet].accepts_forwarded_from) {
      const Network::Vnet* const peer_before = vnets_.of(to_.vnets[peer]);
      if (peer_before == nullptr) continue;
      const auto index = static_cast<Index>(peer_before - from_.vnets.data());
      if (!before.accepts_forwarded_from.contains(index)) continue;
      const auto was = let_in(before, index);
      const auto is = let_in(to_.vnets[vnet], peer);
      if (!gets_looser(was, is)) continue;
      peerings_.push_back({vnet, peer, is ? was->intersected(*is) : *was});
    }
  }

  // A gate alone is as it was or as it will be.
  bool is_needed() const {
    const size_t looser = looser_ + peerings_.size() + endpoints_.size();
    if (looser == 0) return false;
    const bool one_turns_alone = stricter_ == both_ && both_ == 1 && looser == 1;
    return (stricter_ > 0 && !one_turns_alone) || changes_otherwise();
  }

  bool changes_otherwise() const {
    Situation situation = from_.situation;
    situation.lab.network_security_groups = to_.situation.lab.network_security_groups;
    return !(situation == to_.situation);
  }

  Turn turn_of(const GatePointer& from, const GatePointer& to) {
    if (from == to) return {};
    if (from == nullptr || to == nullptr) {
      return {.stricter = from == nullptr, .looser = to == nullptr};
    }
    const auto [known, added] = turns_.emplace(std::pair(from.get(), to.get()), Turn{});
    if (added) known->second = lists_.turn(from->rules, to->rules);
    return known->second;
  }

  // Null stays only what was so before.
  GatePointer both(const GatePointer& from, const GatePointer& to) {
    const Turn turn = turn_of(from, to);
    if (!turn.looser) return to;
    if (!turn.stricter) return from;
    GatePointer& made = made_[{from.get(), to.get()}];
    if (!made) made = std::make_shared<const Gate>(Gate{to->rules, to->classifier, from});
    return made;
  }

  template <typename T, size_t kCount>
  void narrow(const Counterparts<T>& before, GatePointer T::*const (&gates)[kCount],
              const std::vector<T>& all, std::vector<T>& narrowed) {
    for (size_t i = 0; i < all.size(); ++i) {
      const T* const was = before.of(all[i]);
      for (const auto gate : gates) {
        narrowed[i].*gate = was == nullptr ? all[i].*gate : both(was->*gate, all[i].*gate);
      }
    }
  }

  const Network& from_;
  const Network& to_;
  const Counterparts<Network::Subnet> subnets_;
  const Counterparts<Interface> machines_;
  const Counterparts<Network::Vnet> vnets_;
  Lists lists_{};
  std::map<std::pair<const Gate*, const Gate*>, Turn> turns_{};
  std::map<std::pair<const Gate*, const Gate*>, GatePointer> made_{};
  std::vector<Peering> peerings_{};                                       // that get looser
  std::vector<std::pair<std::string, lab::EndpointStatus>> endpoints_{};  // likewise; as they were
  size_t looser_ = 0;  // gates, those that turn both ways among them
  size_t stricter_ = 0;
  size_t both_ = 0;
};

}  // namespace

Turn turn(const std::vector<EffectiveRule>& from, const std::vector<EffectiveRule>& to) {
  return Lists().turn(from, to);
}

std::shared_ptr<const Network> narrowed(const Network& from, const Network& to) {
  return Narrowing(from, to).run();
}

}  // namespace egress::policy
