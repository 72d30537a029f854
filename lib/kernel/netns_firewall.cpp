// SPDX-License-Identifier: MIT
#include "kernel/netns_firewall.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "kernel/netns.hpp"
#include "kernel/nft_elements.hpp"

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

std::string delete_table(const NftTableId& table) {
  return fmt::format("delete table {} handle {}\n", table.family, table.handle);
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
      if (found != desired.sets.end()) return found->second.is_map == is_map;
      return is_map && desired.row_maps.count(name) != 0;
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

Status NetnsFirewall::run(const state::NftStep& step, UsedNftContexts& used) {
  known_.reset();
  watch_.reset();
  if (const auto* elements = std::get_if<std::vector<state::NftElements>>(&step)) {
    return change_elements(queries_.socket(), *elements);
  }
  ASSIGN_OR_RETURN(const NetnsScope scope, NetnsScope::enter(netns_fd_));
  ASSIGN_OR_RETURN(NftContext context, NftContext::open());
  Status status = context.run(std::get<std::string>(step));
  used.keep(std::move(context));
  return status;
}

Status NetnsFirewall::commit(const state::Firewall& desired, std::vector<state::NftStep> steps,
                             UsedNftContexts& used) {
  if (steps.empty() || !std::holds_alternative<std::string>(steps.back())) {
    steps.emplace_back(std::string());
  }
  ASSIGN_OR_RETURN(const uint32_t before, queries_.generation());
  const uint32_t after = before + static_cast<uint32_t>(steps.size());
  std::get<std::string>(steps.back()) += state::marker_script(marker_text(desired.digest, after));
  for (const state::NftStep& step : steps) RETURN_IF_ERROR(run(step, used));
  ASSIGN_OR_RETURN(const uint32_t generation, queries_.generation());
  // Otherwise somebody else committed meanwhile, and the next look will show it.
  if (generation == after) known_ = Known{generation, desired};
  return {};
}

// Steps from no table of ours.
std::vector<state::NftStep> NetnsFirewall::creation(const state::NftTable& desired,
                                                    const std::vector<NftTableId>& foreign) {
  std::string script;
  for (const NftTableId& table : foreign) script += delete_table(table);
  if (desired.row_maps.empty()) return {script + state::rewrite_script(desired, {})};
  std::vector<state::NftStep> steps = state::update_steps(desired, {});
  std::get<std::string>(steps.front())
      .insert(0, fmt::format("{}add table {}\n", script, state::kNftTable));
  return steps;
}

Status NetnsFirewall::replace(const state::Firewall& desired, UsedNftContexts& used) {
  if (!desired.table) {
    return Error{.code = Errc::kInvalid, .message = "a firewall without contents"};
  }
  ASSIGN_OR_RETURN(const std::optional<state::Firewall> present, observe());
  if (present && present->digest == desired.digest) return {};
  if (present && present->table) {
    return commit(desired, state::update_steps(*desired.table, *present->table), used);
  }
  ASSIGN_OR_RETURN(std::vector<NftTableId> tables, queries_.tables());
  const auto ours = std::partition(tables.begin(), tables.end(),
                                   [](const NftTableId& table) { return !is_ours(table); });
  const bool has_ours = ours != tables.end();
  tables.erase(ours, tables.end());
  if (!has_ours) return commit(desired, creation(*desired.table, tables), used);
  return rewrite(desired, tables, used);
}

// Whatever our table holds.
Status NetnsFirewall::rewrite(const state::Firewall& desired,
                              const std::vector<NftTableId>& foreign, UsedNftContexts& used) {
  std::string removal;
  for (const NftTableId& table : foreign) removal += delete_table(table);
  ASSIGN_OR_RETURN(const state::NftNames names, queries_.names());
  const auto with = [&](const state::NftNames& stray) {
    return commit(desired, {removal + state::rewrite_script(*desired.table, stray)}, used);
  };
  const Status status = with(strays(names, *desired.table));
  if (status.ok()) return status;
  // Something stands under a name of ours with another declaration: then all is made anew, which
  // is worse only in that base chains are out of force for a moment.
  return with(names);
}

Status NetnsFirewall::remove(UsedNftContexts& used) {
  return run(std::string("flush ruleset\n"), used);
}

}  // namespace egress::kernel
