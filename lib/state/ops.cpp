// SPDX-License-Identifier: MIT
#include "state/ops.hpp"

#include <fmt/format.h>

namespace egress::state {
namespace {

const char* verb_text(Verb verb) {
  switch (verb) {
    case Verb::kAdd: return "add";
    case Verb::kChange: return "change";
    case Verb::kRemove: return "remove";
  }
  return "";
}

std::string object_text(const FirewallChange& change) {
  const bool removal = change.desired.digest.empty();
  return "firewall " + (removal ? change.observed.digest : change.desired.digest);
}

std::string object_text(const LinkPair& pair) {
  std::string text = to_text(pair.here);
  if (pair.here.peer != LinkPeer{}) text += " - " + to_text(pair.there);
  return text;
}

std::string object_text(const LinkSettings& settings) {
  return to_text(settings.link);
}

template <typename Plain>
std::string object_text(const Plain& object) {
  return to_text(object);
}

}  // namespace

std::string to_text(const Op& op) {
  if (std::holds_alternative<NetnsObject>(op.object)) {
    return fmt::format("{} netns {}", verb_text(op.verb), op.netns);
  }
  const std::string object = std::visit(
      [](const auto& held) -> std::string {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>, NetnsObject>) {
          return "netns";
        } else {
          return object_text(held);
        }
      },
      op.object);
  return fmt::format("{} {} in {}", verb_text(op.verb), object, op.netns);
}

}  // namespace egress::state
