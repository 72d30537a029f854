// SPDX-License-Identifier: MIT
#pragma once

// Finds out which two observed links are the ends of one pair. The kernel tells of a link only the
// other end's index and a number for its namespace, and that number means something only in the
// namespace that tells it. Equal indexes are the rule: workers of a plan are built alike.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "kernel/rtnl/link_codec.hpp"

namespace egress::kernel {

// A name for as long as its namespace is held. Namespace ids stay what they are while a descriptor
// of the namespace is, so what one namespace is known to call others is kept between observations.
using NetnsNamePtr = std::shared_ptr<const state::NetnsName>;
using NamesByNsid = std::map<int, std::weak_ptr<const state::NetnsName>>;

// The links of one namespace.
struct NetnsLinks {
  std::vector<ObservedLink> links{};
  NetnsNamePtr name{};
  NamesByNsid* names_by_nsid = nullptr;
};
// Empty when that namespace is no longer held.
state::NetnsName name_of(const std::weak_ptr<const state::NetnsName>& name);

// The id by which `from` knows `other`; nothing when it does not.
using AskNsid = std::function<Result<std::optional<int>>(const state::NetnsName& from,
                                                         const state::NetnsName& other)>;

// Fills in `link.peer` of every link whose other end is among `all`; others keep an empty one.
Status resolve_peers(std::map<state::NetnsName, NetnsLinks>& all, const AskNsid& ask);

}  // namespace egress::kernel
