// SPDX-License-Identifier: MIT
#pragma once

// From one network to the next, stricter things first (contract "Decided" 29). Namespaces change
// one after the other, so where something gets looser and something else stricter, a packet could
// pass that neither network lets through: by the one as it will be, by the other as it was. So
// there is a network between the two, whose gates let through what those of both do. While the
// first becomes that one, each gate is as it was or narrower; while that one becomes the next, each
// is as it will be or narrower.
//
// Gates are security lists, of subnets, machines and firewalls, peerings' allowForwardedTraffic,
// and the approval of private endpoints.

#include <memory>
#include <vector>

#include "policy/network.hpp"

namespace egress::policy {

// Whether a list comes to deny something that it allowed, and to allow something that it denied.
// It may be said of a list of which it is not so, where rules hide each other.
struct Turn {
  bool stricter = false;
  bool looser = false;
  bool operator==(const Turn&) const = default;
};
Turn turn(const std::vector<EffectiveRule>& from, const std::vector<EffectiveRule>& to);

// `to` with gates that let through what they do in both networks, as far as they are in both. Null
// where no packet can pass by parts of both that passes by neither: where nothing gets looser, or
// one gate alone and nothing else changes that might take a way from a packet.
std::shared_ptr<const Network> narrowed(const Network& from, const Network& to);

}  // namespace egress::policy
