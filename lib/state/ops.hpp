// SPDX-License-Identifier: MIT
#pragma once

// The change set: an ordered list of single steps from observed to desired, each a self-contained
// value. Order (phase) is part of the value; ARCHITECTURE.md "A pass" says why it is this one.

#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "state/kernel_state.hpp"
#include "state/renames.hpp"

namespace egress::state {

enum class Verb { kAdd, kChange, kRemove };

struct NetnsObject {
  auto operator<=>(const NetnsObject&) const = default;
};
// The op's namespace gets the name `to`, which is free by then: kChange only.
struct NetnsRename {
  NetnsName to{};
  auto operator<=>(const NetnsRename&) const = default;
};
// A veth pair is made and removed as one: `here` in the op's namespace, `there` in here.peer.netns.
// A link that has no other end, such as a TUN, is `here` alone.
struct LinkPair {
  Link here{};
  Link there{};
  auto operator<=>(const LinkPair&) const = default;
};
// One end's own properties (mtu, conf, alias, up): kChange only.
struct LinkSettings {
  Link link{};
  auto operator<=>(const LinkSettings&) const = default;
};
struct FirewallChange {
  Firewall desired{};
  Firewall observed{};  // digest empty when there was none
};

using Object = std::variant<NetnsObject, NetnsRename, Sysctl, FirewallChange, LinkPair,
                            LinkSettings, Address, Neighbour, Route, Rule, Process, Attachment>;

// Removals leaf first, additions root first, fail closed: a firewall before any link can carry a
// packet, steering rules last, and what only takes away before what gives: routes to nowhere before
// others, and in the end what firewalls have held back meanwhile (by_way_of()). Settings of
// connection tracking are there once a firewall has asked for it. Up to kRenameNetns namespaces are
// called as they were, from then on as they are desired.
enum class Phase {
  kDetach,
  kStopProcesses,
  kRemoveNetns,
  kRenameNetns,
  kAddNetns,
  kFirewall,
  kSysctls,
  kRemoveLinks,
  kAddLinks,
  kLinkSettings,
  kAddAddresses,
  kNeighbours,
  kLinksUp,
  kBlackholes,
  kRoutes,
  kRules,
  kRemoveRules,
  kRemoveRoutes,
  kRemoveNeighbours,
  kRemoveAddresses,
  kRetireLinks,
  kStartProcesses,
  kAttach,
  kOpenFirewall,
};

struct Op {
  Phase phase = Phase::kAddNetns;
  Verb verb = Verb::kAdd;
  NetnsName netns{};
  Object object{};
};
using ChangeSet = std::vector<Op>;

std::string to_text(const Op& op);  // "add route 10.0.0.0/8 ... in eg-vnet-hub"

// Ordered by phase, then namespace. Equal states give an empty change set. kInvalid when `desired`
// is none: a link end whose other end is not there, or belongs to another, an attachment without
// its process. `observed` may be anything that a kernel can hold. Of `renames` those that are due
// (renames.hpp) take the place of removing one namespace and making the other: whatever has the
// name is removed first, and what is alike in the renamed one is left alone.
Result<ChangeSet> diff(const KernelState& desired, const KernelState& observed,
                       const Renames& renames = {});

// The same change by way of `meanwhile`: a firewall that is there and changes becomes what it is
// meanwhile, and what is desired in a phase of its own, behind all else.
ChangeSet by_way_of(ChangeSet ops, const Firewalls& meanwhile);

}  // namespace egress::state
