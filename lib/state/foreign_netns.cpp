// SPDX-License-Identifier: MIT
#include "state/foreign_netns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace egress::state {
namespace {

using Kind = ForeignNetns::Kind;

std::string what_it_is(const ForeignNetns& foreign) {
  switch (foreign.kind) {
    case Kind::kUnmarked: return "was not made by egressd";
    case Kind::kOtherLab:
      return fmt::format("belongs to the lab with prefix '{}' of state directory {}",
                         foreign.lab.prefix, foreign.lab.state_dir);
    case Kind::kMachine: return "is the machine's own";
    case Kind::kNoNamespace: return "is a file and no network namespace";
    case Kind::kSecondName: return "is a second name of one that has a name already";
  }
  return "";
}

void drop_links(CopyOnWrite<NetnsState>& shared, const ForeignNames& taken) {
  std::set<std::string> gone;
  for (const auto& [name, link] : std::as_const(shared)->links) {
    if (taken.count(link.peer.netns) != 0) gone.insert(name);
  }
  if (gone.empty()) return;
  NetnsState& netns = shared.change();
  const auto on_gone = [&](const auto& object) { return gone.count(object.link) != 0; };
  std::erase_if(netns.links, [&](const auto& entry) { return gone.count(entry.first) != 0; });
  std::erase_if(netns.addresses, on_gone);
  std::erase_if(netns.neighbours, on_gone);
  std::erase_if(netns.routes, [&](const auto& entry) {
    const Route& route = entry.second;
    const auto is_source = [&](const Address& address) { return address.address == route.source; };
    return on_gone(route) || (route.source && std::none_of(netns.addresses.begin(),
                                                           netns.addresses.end(), is_source));
  });
}

void drop_attachments(CopyOnWrite<NetnsState>& shared, const ForeignNames& taken) {
  const auto is_gone = [&](const auto& entry) {
    return taken.count(entry.second.process.netns) != 0;
  };
  const auto& attachments = std::as_const(shared)->attachments;
  if (std::none_of(attachments.begin(), attachments.end(), is_gone)) return;
  std::erase_if(shared->attachments, is_gone);
}

}  // namespace

std::string to_text(const NetnsName& name, const ForeignNetns& foreign) {
  const char* mend = foreign.kind == Kind::kOtherLab ? "remove that lab (egressctl down)"
                                                     : "free the name (ip netns del)";
  return fmt::format("network namespace {} {}: {}, or start egressd with another --prefix", name,
                     what_it_is(foreign), mend);
}

ForeignNames taken_names(const KernelState& desired, const ForeignNames& foreign) {
  ForeignNames taken;
  for (const auto& [name, what] : foreign) {
    if (desired.count(name) != 0) taken.emplace(name, what);
  }
  return taken;
}

Status check_free(const KernelState& desired, const ForeignNames& foreign) {
  const ForeignNames taken = taken_names(desired, foreign);
  if (taken.empty()) return {};
  const auto& [name, what] = *taken.begin();
  std::string message = "the lab needs names that others have: " + to_text(name, what);
  if (taken.size() > 1) message += fmt::format("; and {} more", taken.size() - 1);
  return Error{.code = Errc::kConflict, .message = std::move(message)};
}

KernelState without(KernelState desired, const ForeignNames& taken) {
  for (const auto& [name, what] : taken) desired.erase(name);
  for (auto& [name, netns] : desired) {
    drop_links(netns, taken);
    drop_attachments(netns, taken);
  }
  return desired;
}

}  // namespace egress::state
