// SPDX-License-Identifier: MIT
#include "kernel/netns_firewall.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "kernel/netns.hpp"

namespace egress::kernel {
namespace {

bool is_ours(const NftTableId& table) {
  return table.family + " " + table.name == state::kNftTable;
}

std::string marker_text(const std::string& digest, uint32_t generation) {
  return fmt::format("{} {}", digest, generation);
}

// Empty unless `listing` is one set with a comment.
std::string comment_in(const std::string& listing) {
  const auto json = nlohmann::json::parse(listing, nullptr, false);
  if (!json.is_object() || !json.contains("nftables") || !json["nftables"].is_array()) return {};
  for (const auto& entry : json["nftables"]) {
    const auto set = entry.find("set");
    if (set == entry.end() || !set->is_object()) continue;
    const auto comment = set->find("comment");
    if (comment != set->end() && comment->is_string()) return comment->get<std::string>();
  }
  return {};
}

// What of `present` the table has not.
std::vector<std::string> not_in(const std::vector<std::string>& present, const auto& wanted) {
  std::vector<std::string> strays;
  std::copy_if(present.begin(), present.end(), std::back_inserter(strays),
               [&](const std::string& name) { return !wanted(name); });
  return strays;
}

state::NftNames strays(const state::NftNames& present, const state::NftTable& desired) {
  const auto has_set = [&](bool is_map) {
    return [&desired, is_map](const std::string& name) {
      const auto found = desired.sets.find(name);
      return found != desired.sets.end() && found->second.is_map == is_map;
    };
  };
  return {
      .chains = not_in(present.chains,
                       [&](const std::string& name) { return desired.chains.count(name) != 0; }),
      .sets = not_in(present.sets, has_set(false)),
      .maps = not_in(present.maps, has_set(true))};
}

}  // namespace

Result<NetnsFirewall> NetnsFirewall::open(int netns_fd, int feed) {
  ASSIGN_OR_RETURN(NftQueries queries, NftQueries::open());
  return NetnsFirewall(netns_fd, feed, std::move(queries));
}

Result<std::optional<state::Firewall>> NetnsFirewall::observe() {
  const bool silent = watch_ && !watch_->heard();
  if (silent && known_) return known_->firewall;
  if (!watch_) {
    ASSIGN_OR_RETURN(const NetnsScope scope, NetnsScope::enter(netns_fd_));
    ASSIGN_OR_RETURN(watch_, NetnsWatch::of_nftables(feed_));
  }
  ASSIGN_OR_RETURN(const uint32_t generation, queries_.generation());
  if (known_ && known_->generation == generation) return known_->firewall;
  ASSIGN_OR_RETURN(std::optional<state::Firewall> found, read(generation));
  known_ = Known{generation, found};
  return found;
}

Result<std::optional<state::Firewall>> NetnsFirewall::read(uint32_t generation) {
  ASSIGN_OR_RETURN(const std::vector<NftTableId> tables, queries_.tables());
  if (tables.empty()) return std::optional<state::Firewall>();
  const std::optional<state::Firewall> changed = state::Firewall{.digest = state::kFirewallChanged};
  if (tables.size() > 1 || !is_ours(tables.front())) return changed;
  ASSIGN_OR_RETURN(const std::string text, marker());
  const std::string digest = text.substr(0, text.find(' '));
  if (digest.empty() || text != marker_text(digest, generation)) return changed;
  return std::optional<state::Firewall>(state::Firewall{.digest = digest});
}

// Empty when the table has no such set.
Result<std::string> NetnsFirewall::marker() {
  ASSIGN_OR_RETURN(const state::NftNames names, queries_.names());
  if (std::find(names.sets.begin(), names.sets.end(), state::kNftMarkerSet) == names.sets.end()) {
    return std::string();
  }
  ASSIGN_OR_RETURN(const NetnsScope scope, NetnsScope::enter(netns_fd_));
  ASSIGN_OR_RETURN(NftContext context, NftContext::open());
  ASSIGN_OR_RETURN(
      const std::string listing,
      context.list(fmt::format("list set {} {}", state::kNftTable, state::kNftMarkerSet)));
  return comment_in(listing);
}

Status NetnsFirewall::run(const std::string& script, UsedNftContexts& used) {
  known_.reset();
  watch_.reset();
  ASSIGN_OR_RETURN(const NetnsScope scope, NetnsScope::enter(netns_fd_));
  ASSIGN_OR_RETURN(NftContext context, NftContext::open());
  Status status = context.run(script);
  used.keep(std::move(context));
  return status;
}

Status NetnsFirewall::commit(const state::Firewall& desired, const Start& start,
                             UsedNftContexts& used) {
  std::vector<std::string> scripts;
  if (start.previous != nullptr) {
    scripts = state::update_scripts(*desired.table, *start.previous);
  } else {
    std::string script;
    for (const NftTableId& table : start.tables) {
      if (is_ours(table)) continue;
      script += fmt::format("delete table {} handle {}\n", table.family, table.handle);
    }
    scripts = {script + state::rewrite_script(*desired.table, start.stray)};
  }
  if (scripts.empty()) scripts.emplace_back();
  ASSIGN_OR_RETURN(const uint32_t before, queries_.generation());
  const uint32_t after = before + static_cast<uint32_t>(scripts.size());
  scripts.back() += state::marker_script(marker_text(desired.digest, after));
  for (const std::string& script : scripts) RETURN_IF_ERROR(run(script, used));
  ASSIGN_OR_RETURN(const uint32_t generation, queries_.generation());
  // Otherwise somebody else committed meanwhile, and the next look will show it.
  if (generation == after) known_ = Known{generation, desired};
  return {};
}

Status NetnsFirewall::replace(const state::Firewall& desired, UsedNftContexts& used) {
  if (!desired.table) {
    return Error{.code = Errc::kInvalid, .message = "a firewall without contents"};
  }
  ASSIGN_OR_RETURN(const std::optional<state::Firewall> present, observe());
  if (present && present->digest == desired.digest) return {};
  if (present && present->table) return commit(desired, {.previous = present->table.get()}, used);

  Start start;
  ASSIGN_OR_RETURN(start.tables, queries_.tables());
  if (std::none_of(start.tables.begin(), start.tables.end(), is_ours)) {
    return commit(desired, start, used);
  }
  ASSIGN_OR_RETURN(const state::NftNames names, queries_.names());
  start.stray = strays(names, *desired.table);
  const Status status = commit(desired, start, used);
  if (status.ok()) return status;
  // Something stands under a name of ours with another declaration: then all is made anew, which
  // is worse only in that base chains are out of force for a moment.
  start.stray = names;
  return commit(desired, start, used);
}

Status NetnsFirewall::remove(UsedNftContexts& used) {
  return run("flush ruleset\n", used);
}

}  // namespace egress::kernel
