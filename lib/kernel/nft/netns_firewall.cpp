// SPDX-License-Identifier: MIT
#include "kernel/nft/netns_firewall.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>

#include "kernel/netns.hpp"
#include "kernel/nft/elements.hpp"

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

// Chains that count go on from where those of their names are, by packets.
state::NftTable counting_on(state::NftTable table, const std::map<std::string, uint64_t>& packets) {
  constexpr std::string_view kCounter = "counter ";
  for (auto& [name, chain] : table.chains) {
    const auto before = packets.find(name);
    if (before == packets.end() || before->second == 0) continue;
    state::NftRule* only = nullptr;
    size_t counting = 0;
    for (state::NftRule& rule : chain.rules) {
      if ((" " + rule.expression + " ").find(" counter ") == std::string::npos) continue;
      only = &rule;
      ++counting;
    }
    if (counting != 1 || only->expression.find(kCounter) == std::string::npos) continue;
    only->expression.insert(only->expression.find(kCounter) + kCounter.size(),
                            fmt::format("packets {} bytes 0 ", before->second));
  }
  return table;
}

}  // namespace

Result<NetnsFirewall> NetnsFirewall::open(int netns_fd, int feed) {
  ASSIGN_OR_RETURN(NftQueries queries, open_inside(netns_fd, NftQueries::open));
  return NetnsFirewall(netns_fd, feed, std::move(queries));
}

Result<std::optional<state::Firewall>> NetnsFirewall::observe() {
  const bool silent = watch_ && !watch_->heard();
  if (silent && known_) return known_->firewall;
  if (!watch_) {
    ASSIGN_OR_RETURN(watch_,
                     open_inside(netns_fd_, [&] { return NetnsWatch::of_nftables(feed_); }));
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
  ASSIGN_OR_RETURN(const state::NftPresent present, queries_.present());
  const auto& sets = present.sets;
  if (std::find(sets.begin(), sets.end(), state::kNftMarkerSet) == sets.end()) {
    return std::string();
  }
  ASSIGN_OR_RETURN(NftContext context, open_inside(netns_fd_, NftContext::open));
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
  ASSIGN_OR_RETURN(NftContext context, open_inside(netns_fd_, NftContext::open));
  Status status = context.run(std::get<std::string>(step));
  used.keep(std::move(context));
  return status;
}

Status NetnsFirewall::commit(const state::Firewall& desired, state::NftUpdate update,
                             UsedNftContexts& used) {
  std::vector<state::NftStep> steps = std::move(update.steps);
  if (steps.empty() || !std::holds_alternative<std::string>(steps.back())) {
    steps.emplace_back(std::string());
  }
  ASSIGN_OR_RETURN(const uint32_t before, queries_.generation());
  const uint32_t after = before + static_cast<uint32_t>(steps.size());
  std::get<std::string>(steps.back()) += state::marker_script(marker_text(desired.digest, after));
  for (size_t done = 0; done < steps.size(); ++done) {
    Status status = run(steps[done], used);
    if (status.ok()) continue;
    if (done <= update.preparing) withdraw(update, before + static_cast<uint32_t>(done), used);
    return status;
  }
  ASSIGN_OR_RETURN(const uint32_t generation, queries_.generation());
  // Otherwise somebody else committed meanwhile, and the next look will show it.
  if (generation == after) known_ = Known{generation, desired, std::move(update.names)};
  return {};
}

// Otherwise each of a row of failures would leave one more copy.
void NetnsFirewall::withdraw(const state::NftUpdate& failed, uint32_t committed,
                             UsedNftContexts& used) {
  const auto generation = queries_.generation();
  // Else the step that failed was committed all the same, or somebody is at work here.
  if (!generation.ok() || *generation != committed) return;
  auto present = queries_.present();
  if (!present.ok()) return;
  for (const state::NftStep& step : state::withdrawal(failed, *std::move(present))) {
    if (!run(step, used).ok()) return;
  }
}

Status NetnsFirewall::replace(const state::Firewall& desired, UsedNftContexts& used) {
  if (!desired.table) {
    return Error{.code = Errc::kInvalid, .message = "a firewall without contents"};
  }
  ASSIGN_OR_RETURN(const std::optional<state::Firewall> present, observe());
  if (present && present->digest == desired.digest) return {};
  if (present && present->table) {
    return commit(desired, state::update(*desired.table, *present->table, known_->names), used);
  }
  ASSIGN_OR_RETURN(state::NftUpdate update, over_the_unknown(*desired.table));
  return commit(desired, std::move(update), used);
}

// Whatever there is. Foreign tables go with the first commit.
Result<state::NftUpdate> NetnsFirewall::over_the_unknown(const state::NftTable& desired) {
  ASSIGN_OR_RETURN(const std::vector<NftTableId> tables, queries_.tables());
  std::string first = fmt::format("add table {}\n", state::kNftTable);
  state::NftPresent present;
  std::map<std::string, uint64_t> counted;
  for (const NftTableId& table : tables) {
    if (is_ours(table)) {
      ASSIGN_OR_RETURN(present, queries_.present());
      ASSIGN_OR_RETURN(counted, queries_.counters());
    } else {
      first += delete_table(table);
    }
  }
  state::NftUpdate update = state::replacement(counting_on(desired, counted), present);
  if (update.steps.empty()) update.steps.emplace_back(std::string());
  std::get<std::string>(update.steps.front()).insert(0, first);
  return update;
}

Status NetnsFirewall::remove(UsedNftContexts& used) {
  return run(std::string("flush ruleset\n"), used);
}

}  // namespace egress::kernel
