// SPDX-License-Identifier: MIT
#pragma once

// One network namespace held open: its sockets, reading all that is in it and changing one object.
// Sockets belong to the namespace in which they were opened, so only opening enters it. Objects
// that are there but hold more than our values can tell are remembered between a reading and the
// change that removes them.

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "kernel/flow_cache/programs.hpp"
#include "kernel/netlink.hpp"
#include "kernel/netns.hpp"
#include "kernel/netns_watch.hpp"
#include "kernel/nft/netns_firewall.hpp"
#include "kernel/rtnl/codec.hpp"
#include "kernel/rtnl/peers.hpp"
#include "state/ops.hpp"

namespace egress::kernel {

class NetnsHandle {
 public:
  // What all of them share: `feed` as for NetnsWatch.
  struct Shared {
    int feed = -1;
    std::shared_ptr<FlowCachePrograms> flow_cache{};  // never null
  };
  // Owns the descriptor of the namespace.
  static Result<NetnsHandle> open(const state::NetnsName& name, UniqueFd netns,
                                  NetnsIdentity identity, const Shared& shared);

  int fd() const { return netns_.get(); }
  const NetnsIdentity& identity() const { return identity_; }
  NetnsFirewall& firewall() { return firewall_; }
  const NetnsNamePtr& name() const { return name_; }
  void rename(const state::NetnsName& name) {
    name_ = std::make_shared<const state::NetnsName>(name);
  }
  NamesByNsid& names_by_nsid() { return names_by_nsid_; }
  // Nothing when this namespace has no id for it.
  Result<std::optional<int>> nsid_of(const NetnsHandle& other);

  struct Reading {
    NetnsIdentity identity{};
    state::NetnsState state{};  // all but what other providers add
    std::vector<ObservedLink> links{};
    std::string alias{};  // of the loopback: whose namespace it is
    bool operator==(const Reading&) const = default;
  };
  using ReadingPtr = std::shared_ptr<const Reading>;
  // From the next read() on the setting is read too, as those are that were changed here.
  Status ask_for_sysctl(const std::string& name);
  // The same one until something in it has changed. It is read anew only when something in the
  // namespace is known to have changed, or may have.
  Result<ReadingPtr> read();
  // The same, but a change that was not made by us may be missing.
  Result<ReadingPtr> last_reading();
  // The next read() looks anew.
  void distrust() { trusted_ = false; }
  bool trusted() const { return trusted_; }
  Result<std::vector<ObservedLink>> read_links();
  // kNotFound when there is no such link.
  Result<ObservedLink> read_link(const std::string& name);
  // Asked now; what Reading has of it may be out of date.
  Result<std::string> read_alias();

  // Both ends, down, with their settings; the other one in `peer`.
  Status create_pair(const state::LinkPair& pair, NetnsHandle& peer);
  // Down, with its settings. kExists when there is a link of that name.
  Status create_tun(const state::Link& link);
  Status delete_link(const std::string& name);
  // All at once: each deletion makes the kernel wait for everyone who may still see the link.
  Status delete_links(const std::vector<int>& indexes);
  // To be called wherever a link may have gone: its name may come back with another index.
  void forget_links() {
    link_names_.clear();
    link_indexes_.clear();
    last_index_ = 0;
    filters_.reset();
  }
  Status change(const state::LinkSettings& settings);

  // As Kernel::apply() for these kinds of objects.
  Status apply(state::Verb verb, const state::Sysctl& sysctl);
  Status apply(state::Verb verb, const state::Address& address);
  Status apply(state::Verb verb, const state::Neighbour& neighbour);
  Status apply(state::Verb verb, const state::Route& route);
  Status apply(state::Verb verb, const state::Rule& rule);

 private:
  NetnsHandle(const state::NetnsName& name, UniqueFd netns, NetnsIdentity identity,
              const Shared& shared, NetlinkSocket rtnl, NetnsFirewall firewall);

  void note_link(const ObservedLink& link);
  Result<Reading> read_anew();
  Status read_qdiscs(std::vector<ObservedLink>& links);
  Status read_filters();
  Status read_addresses(state::NetnsState& state);
  Status read_neighbours(state::NetnsState& state);
  Status read_routes(state::NetnsState& state, std::set<RouteOfAddress>& of_addresses);
  void mark_incomplete(state::NetnsState& state, const ObservedLink& link,
                       const std::set<RouteOfAddress>& routes);
  Status read_rules(state::NetnsState& state);
  Status read_sysctls(state::NetnsState& state);

  Status complete_address(const state::Address& address, int link_index);
  // kNotFound when there is no such link.
  Result<int> index_of(const std::string& link);
  // The next free link index that is even (0) or odd (1).
  Result<int> fresh_index(int parity);
  Status add_route(const state::Route& route, int link_index);
  Result<std::optional<state::Route>> find_route(const state::RouteKey& key);
  Status remove_rule(const state::Rule& rule);
  Result<std::multiset<state::Rule>> plain_rules();
  // Deletes what reading found under this value besides, or instead of, one of ours.
  template <typename Key>
  Status remove_odd(std::multimap<Key, NlMessage>& odd, const Key& key);
  Result<std::optional<state::Sysctl>> read_all_rp_filter();
  Result<int> open_sysctl(const std::string& name);
  Status complete(const state::Link& link, int link_index);
  Status add_hooks_to(int link_index);
  Status hook(state::FlowCache wanted, int link_index);
  bool had_hooks(const std::string& link) const;
  Status unhook(int link_index);
  Status set_filters(state::FlowCache wanted);
  Status set_ipv6(const std::string& link, bool on);

  NetnsNamePtr name_;
  UniqueFd netns_;
  NetnsIdentity identity_;
  Shared shared_;
  NetlinkSocket rtnl_;
  NetnsFirewall firewall_;
  std::optional<NetnsWatch> watch_{};
  ReadingPtr reading_{};
  bool trusted_ = false;
  NamesByNsid names_by_nsid_{};
  LinkNames link_names_{};
  std::map<std::string, int> link_indexes_{};           // the same the other way round
  int last_index_ = 0;                                  // the highest given out; 0: look first
  std::map<std::string, UniqueFd> sysctls_{};           // those that were asked for, open for good
  std::multimap<std::string, NlMessage> odd_qdiscs_{};  // by link
  // What the flow cache's filters are there for; nothing when they are not as we set them, or may
  // have gone with the last link that had hooks.
  std::optional<state::FlowCache> filters_{};
  std::multimap<state::Address, NlMessage> odd_addresses_{};
  std::set<state::Address> incomplete_addresses_{};
  std::multimap<state::RouteKey, NlMessage> odd_routes_{};
  std::multimap<state::Rule, NlMessage> odd_rules_{};
};

}  // namespace egress::kernel
