// SPDX-License-Identifier: MIT
#include "reconcile/dependents.hpp"

#include <fmt/format.h>

#include <variant>
#include <vector>

namespace egress::reconcile {
namespace {

using state::LinkPeer;
using state::Phase;
using state::Verb;

// The interfaces an op needs; a pair needs the places of both its ends. Every kind of object has an
// answer of its own, so that a new one does not compile without.
struct LinksOf {
  const state::NetnsName& netns;

  using Ends = std::vector<LinkPeer>;
  Ends on(const std::string& link) const { return link.empty() ? Ends{} : Ends{{netns, link}}; }

  Ends operator()(const state::LinkPair& pair) const {
    Ends ends = on(pair.here.name);
    if (pair.here.peer != LinkPeer{}) ends.push_back(pair.here.peer);
    return ends;
  }
  Ends operator()(const state::LinkSettings& settings) const { return on(settings.link.name); }
  Ends operator()(const state::Address& address) const { return on(address.link); }
  Ends operator()(const state::Neighbour& neighbour) const { return on(neighbour.link); }
  Ends operator()(const state::Route& route) const { return on(route.link); }
  Ends operator()(const state::NetnsObject&) const { return {}; }
  Ends operator()(const state::NetnsRename&) const { return {}; }
  Ends operator()(const state::Sysctl&) const { return {}; }
  Ends operator()(const state::FirewallChange&) const { return {}; }
  Ends operator()(const state::Rule&) const { return {}; }
  Ends operator()(const state::Process&) const { return {}; }
  Ends operator()(const state::Attachment&) const { return {}; }
};

std::vector<LinkPeer> links_of(const state::Op& op) {
  return std::visit(LinksOf{op.netns}, op.object);
}

using Named = std::set<std::pair<state::NetnsName, std::string>>;

void rename_in(Named& all, const state::NetnsName& from, const state::NetnsName& to) {
  Named renamed;
  for (const auto& [netns, name] : all) renamed.emplace(netns == from ? to : netns, name);
  all = std::move(renamed);
}

// Firewalls, but for those of others that nobody wants, and ways.
bool may_take_away(const state::Op& op) {
  if (op.phase == Phase::kOpenFirewall) return false;
  if (std::holds_alternative<state::FirewallChange>(op.object)) return op.verb != Verb::kRemove;
  return std::holds_alternative<state::Route>(op.object) ||
         std::holds_alternative<state::Rule>(op.object);
}

}  // namespace

void Dependents::note_undone(const state::Op& op) {
  if (not_taken_away_.empty() && may_take_away(op)) not_taken_away_ = state::to_text(op);
  if (std::holds_alternative<state::NetnsObject>(op.object)) {
    if (op.verb == Verb::kAdd) {
      missing_netns_[op.netns] = fmt::format("network namespace {} could not be made", op.netns);
    } else {
      old_netns_.insert(op.netns);
    }
  } else if (const auto* rename = std::get_if<state::NetnsRename>(&op.object)) {
    missing_netns_[rename->to] =
        fmt::format("network namespace {} could not be renamed to {}", op.netns, rename->to);
  } else if (std::holds_alternative<state::FirewallChange>(op.object)) {
    failed_firewalls_.insert(op.netns);
  } else if (const auto* process = std::get_if<state::Process>(&op.object)) {
    if (op.verb == Verb::kRemove) running_processes_.emplace(op.netns, process->name);
    if (op.verb == Verb::kAdd) missing_processes_.insert({op.netns, process->name});
  } else if (const auto* attachment = std::get_if<state::Attachment>(&op.object)) {
    if (op.verb == Verb::kRemove) old_attachments_.emplace(op.netns, attachment->name);
  } else if (std::holds_alternative<state::LinkPair>(op.object)) {
    const bool removal = op.verb == Verb::kRemove;
    for (const LinkPeer& end : links_of(op)) {
      missing_links_.try_emplace(
          end, fmt::format("{}link {} could not be {}", removal ? "the old " : "", end.name,
                           removal ? "removed" : "made"));
    }
  } else if (op.phase == Phase::kLinksUp) {
    for (const LinkPeer& end : links_of(op)) down_links_.insert(end);
  }
}

// Who would not stop or leave is known by the namespace's name.
void Dependents::note_done(const state::Op& op) {
  const auto* done = std::get_if<state::NetnsRename>(&op.object);
  if (done == nullptr) return;
  rename_in(running_processes_, op.netns, done->to);
  rename_in(old_attachments_, op.netns, done->to);
}

std::optional<std::string> Dependents::missing_netns(const state::NetnsName& netns) const {
  const auto missing = missing_netns_.find(netns);
  if (missing == missing_netns_.end()) return std::nullopt;
  return missing->second;
}

std::optional<std::string> Dependents::missing_link(const state::Op& op) const {
  for (const LinkPeer& end : links_of(op)) {
    if (auto reason = missing_netns(end.netns)) return reason;
    const auto missing = missing_links_.find(end);
    if (missing != missing_links_.end()) return missing->second;
  }
  return std::nullopt;
}

std::optional<std::string> Dependents::reason_to_skip(const state::Op& op) const {
  if (auto reason = missing_netns(op.netns)) return reason;
  if (auto reason = missing_link(op)) return reason;
  const auto* renamed = std::get_if<state::NetnsRename>(&op.object);
  if (renamed != nullptr && old_netns_.count(renamed->to) != 0) {
    return fmt::format("the old network namespace {} could not be removed", renamed->to);
  }
  if (op.phase == Phase::kLinksUp && failed_firewalls_.count(op.netns) != 0) {
    return "the namespace's firewall is not in force";
  }
  if (op.phase == Phase::kOpenFirewall && !not_taken_away_.empty()) {
    return fmt::format("what comes before it is not done: {}", not_taken_away_);
  }
  if (op.phase == Phase::kRoutes) {
    for (const LinkPeer& end : links_of(op)) {
      if (down_links_.count(end) != 0) return fmt::format("link {} is down", end.name);
    }
  }
  return process_or_attachment(op);
}

// That is in the way, or that is needed.
std::optional<std::string> Dependents::process_or_attachment(const state::Op& op) const {
  const bool removes_netns = op.phase == Phase::kRemoveNetns;
  const auto* started = std::get_if<state::Process>(&op.object);
  const auto* attached = std::get_if<state::Attachment>(&op.object);
  for (const auto& [netns, process] : running_processes_) {
    if (netns != op.netns) continue;
    if (!removes_netns && (started == nullptr || started->name != process)) continue;
    return fmt::format("the old process {} could not be stopped", process);
  }
  for (const auto& [netns, attachment] : old_attachments_) {
    if (netns != op.netns) continue;
    if (!removes_netns && (attached == nullptr || attached->name != attachment)) continue;
    return fmt::format("the old attachment {} could not be ended", attachment);
  }
  if (attached == nullptr) return std::nullopt;
  if (missing_processes_.count(attached->process) != 0) {
    return fmt::format("process {} in {} could not be started", attached->process.name,
                       attached->process.netns);
  }
  return missing_netns(attached->process.netns);
}

}  // namespace egress::reconcile
