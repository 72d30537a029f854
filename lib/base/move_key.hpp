// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

namespace egress {

// What a map has by one key it has by another from now on, in place of what it had by that. The
// object itself stays where it is.
template <typename Map>
void move_key(Map& all, const typename Map::key_type& from, const typename Map::key_type& to) {
  auto node = all.extract(from);
  if (node.empty()) return;
  all.erase(to);
  node.key() = to;
  all.insert(std::move(node));
}

}  // namespace egress
