// SPDX-License-Identifier: MIT
#include "state/renames.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace egress::state {
namespace {

void rename_peers(CopyOnWrite<NetnsState>& shared, const Renames& renames) {
  const auto leads_there = [&](const auto& entry) {
    return renames.count(entry.second.peer.netns) != 0;
  };
  const auto& links = std::as_const(shared)->links;
  if (std::none_of(links.begin(), links.end(), leads_there)) return;
  for (auto& [name, link] : shared.change().links) {
    const auto found = renames.find(link.peer.netns);
    if (found != renames.end()) link.peer.netns = found->second;
  }
}

void rename_processes(CopyOnWrite<NetnsState>& shared, const Renames& renames) {
  const auto is_of_one_there = [&](const auto& entry) {
    return renames.count(entry.second.process.netns) != 0;
  };
  const auto& attachments = std::as_const(shared)->attachments;
  if (std::none_of(attachments.begin(), attachments.end(), is_of_one_there)) return;
  for (auto& [name, attachment] : shared.change().attachments) {
    const auto found = renames.find(attachment.process.netns);
    if (found != renames.end()) attachment.process.netns = found->second;
  }
}

}  // namespace

Renames due(const Renames& renames, const KernelState& desired, const KernelState& observed) {
  Renames now;
  std::set<NetnsName> taken;
  for (const auto& [from, to] : renames) {
    if (observed.count(from) == 0 || desired.count(from) != 0 || desired.count(to) == 0) continue;
    if (taken.insert(to).second) now.emplace(from, to);
  }
  return now;
}

KernelState renamed(const KernelState& observed, const Renames& renames) {
  KernelState all;
  for (const auto& [name, netns] : observed) {
    const auto found = renames.find(name);
    CopyOnWrite<NetnsState>& there =
        all.emplace(found == renames.end() ? name : found->second, netns).first->second;
    rename_peers(there, renames);
    rename_processes(there, renames);
  }
  return all;
}

NetnsName replaced_name(const NetnsName& name) {
  return name + "#replaced";
}

}  // namespace egress::state
