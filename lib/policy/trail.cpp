// SPDX-License-Identifier: MIT
#include "policy/trail.hpp"

#include <algorithm>

namespace egress::policy {

const Trail::Passage* Trail::last_outward() const {
  const size_t inward = public_machine == kNowhere ? 0 : 1;
  return passages.size() > inward ? &passages[passages.size() - 1 - inward] : nullptr;
}

bool Trail::was_seen_in(Index vnet, const Packet& answer) const {
  return std::any_of(passages.begin(), passages.end(), [&](const Passage& passage) {
    return passage.vnet == vnet && passage.source == answer.destination &&
           passage.destination == answer.source;
  });
}

bool Trail::passed(Index host, Ipv4Address destination) const {
  return std::any_of(appliances.begin(), appliances.end(), [&](const Appliance& each) {
    return each.host == host && each.source == destination;
  });
}

bool Trail::began_at(Index host, Ipv4Address destination) const {
  return passed(host, destination) && translation_at(host) == nullptr;
}

const Trail::Translation* Trail::translation_at(Index host) const {
  const auto found = std::find_if(translations.begin(), translations.end(),
                                  [&](const Translation& each) { return each.host == host; });
  return found == translations.end() ? nullptr : &*found;
}

}  // namespace egress::policy
