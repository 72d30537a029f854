// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "state/nft_table.hpp"

namespace egress::state {
namespace {

using testing::HasSubstr;
using testing::Not;

// A gate in small: a base chain, a verdict map that leads to rule chains, an interval map.
NftTable gate() {
  NftTable table;
  table.sets["classes"] = {.is_map = true,
                           .type = "type ipv4_addr : mark",
                           .interval = true,
                           .elements = {"10.0.0.0/8 : 0x1", "11.0.0.0/8 : 0x2"}};
  table.sets["verdicts"] = {.is_map = true,
                            .type = "typeof meta mark : verdict",
                            .elements = {"0x1 : goto out/data/allow", "0x2 : goto out/data/deny"}};
  table.sets["peers"] = {.type = "type ipv4_addr", .elements = {"10.0.0.4"}};
  table.chains["forward"] = {.hook = NftHook{"filter", "forward", 0, true},
                             .rules = {{"ip saddr @peers accept"},
                                       {"meta mark set ip daddr map @classes"},
                                       {"meta mark vmap @verdicts"}}};
  table.chains["out/data/allow"] = {.rules = {{"counter accept", "nsg/allow"}}};
  table.chains["out/data/deny"] = {.rules = {{"counter drop", "nsg/deny"}}};
  return table;
}

// The transactions of an update, one behind the other.
std::string changed(const NftTable& desired, const NftTable& previous) {
  std::string text;
  for (const NftStep& step : update_steps(desired, previous)) {
    text += "--\n";
    if (const auto* script = std::get_if<std::string>(&step)) {
      text += *script;
      continue;
    }
    for (const NftElements& elements : std::get<std::vector<NftElements>>(step)) {
      const char* verb = elements.verb == NftElementsVerb::kAdd ? "add" : "delete";
      for (const NftRow& row : elements.content.rows) {
        text += fmt::format("{} {} {{ {} }}\n", verb, elements.map,
                            element_text(elements.content, row));
      }
    }
  }
  return text;
}

TEST(NftScript, MarksByMakingTheMarkerAnew) {
  EXPECT_EQ(marker_script("m 1"),
            "add set ip egressd meta_generation { type ipv4_addr; }\n"
            "delete set ip egressd meta_generation\n"
            "add set ip egressd meta_generation { type ipv4_addr; comment \"m 1\"; }\n");
}

TEST(NftScript, FillsATableWithoutKnowingWhatIsThere) {
  EXPECT_EQ(rewrite_script(gate(), {}),
            "add table ip egressd\n"
            "flush table ip egressd\n"
            "add map ip egressd classes { type ipv4_addr : mark; flags interval; }\n"
            "flush map ip egressd classes\n"
            "add set ip egressd peers { type ipv4_addr; }\n"
            "flush set ip egressd peers\n"
            "add map ip egressd verdicts { typeof meta mark : verdict; }\n"
            "flush map ip egressd verdicts\n"
            "add chain ip egressd forward { type filter hook forward priority 0; policy drop; }\n"
            "add chain ip egressd out/data/allow\n"
            "add chain ip egressd out/data/deny\n"
            "add element ip egressd classes {\n"
            "  10.0.0.0/8 : 0x1, 11.0.0.0/8 : 0x2\n"
            "}\n"
            "add element ip egressd peers {\n"
            "  10.0.0.4\n"
            "}\n"
            "add element ip egressd verdicts {\n"
            "  0x1 : goto out/data/allow, 0x2 : goto out/data/deny\n"
            "}\n"
            "add rule ip egressd forward ip saddr @peers accept\n"
            "add rule ip egressd forward meta mark set ip daddr map @classes\n"
            "add rule ip egressd forward meta mark vmap @verdicts\n"
            "add rule ip egressd out/data/allow counter accept comment \"nsg/allow\"\n"
            "add rule ip egressd out/data/deny counter drop comment \"nsg/deny\"\n");
}

std::string comment_of(const std::string& comment) {
  const std::string text = to_text(NftRule{"drop", comment});
  return text.substr(std::string("drop comment \"").size());
}

TEST(NftScript, LeavesASetThatRulesFillToThem) {
  NftTable table;
  table.sets["seen"] = {.type = "type ipv4_addr", .timeout_seconds = 10};
  EXPECT_THAT(rewrite_script(table, {}),
              HasSubstr("add set ip egressd seen { type ipv4_addr; flags dynamic,timeout; "
                        "timeout 10s; size 65536; }\n"));
  EXPECT_EQ(changed(table, table), "");
  NftTable longer = table;
  longer.sets["seen"].timeout_seconds = 20;
  EXPECT_NE(make_firewall(longer), make_firewall(table));
  EXPECT_THAT(changed(longer, table), HasSubstr("delete set ip egressd seen\n"));
}

TEST(NftScript, WritesAShortCommentAsItIsAndNoneForNone) {
  EXPECT_EQ(to_text(NftRule{"drop", "nsg/deny"}), "drop comment \"nsg/deny\"");
  EXPECT_EQ(to_text(NftRule{"drop"}), "drop");
  const std::string longest(kNftLongestComment, 'a');
  EXPECT_EQ(comment_of(longest), longest + "\"");
}

TEST(NftScript, CutsACommentThatNftWouldRefuseAndKeepsLongOnesApart) {
  const std::string head(kNftLongestComment, 'a');
  const std::string one = comment_of(head + "one");
  EXPECT_EQ(one.size(), kNftLongestComment + 1);
  EXPECT_THAT(one, testing::MatchesRegex("a+~[0-9a-f]{8}\""));
  EXPECT_NE(one, comment_of(head + "two"));
}

TEST(NftScript, ACommentCannotEndItsOwnQuotes) {
  EXPECT_EQ(comment_of("a\"; flush ruleset\n\xc3"), "a?; flush ruleset??\"");
}

TEST(NftScript, RemovesStraysOnceNothingNamesThemAndNeverTheMarker) {
  NftTable table;
  table.chains["forward"] = {.hook = NftHook{"filter", "forward", 0, true}};
  table.sets["peers"] = {.type = "type ipv4_addr"};
  const NftNames stray{.chains = {"old"}, .sets = {"s", "meta_generation"}, .maps = {"m"}};
  EXPECT_EQ(rewrite_script(table, stray),
            "add table ip egressd\n"
            "flush table ip egressd\n"
            "delete set ip egressd s\n"
            "delete map ip egressd m\n"
            "add set ip egressd peers { type ipv4_addr; }\n"
            "flush set ip egressd peers\n"
            "delete chain ip egressd old\n"
            "add chain ip egressd forward { type filter hook forward priority 0; policy drop; }\n");
}

TEST(NftScript, SaysNothingWhenNothingDiffers) {
  EXPECT_TRUE(update_steps(gate(), gate()).empty());
}

TEST(NftScript, ReplacesTheRulesOfAChangedChainAlone) {
  NftTable desired = gate();
  desired.chains["out/data/deny"].rules = {{"counter accept", "nsg/deny"}};
  EXPECT_EQ(changed(desired, gate()),
            "--\n"
            "flush chain ip egressd out/data/deny\n"
            "add rule ip egressd out/data/deny counter accept comment \"nsg/deny\"\n");
}

TEST(NftScript, MakesAChainBeforeAnElementNamesItAndDeletesItAfter) {
  NftTable desired = gate();
  desired.sets["verdicts"].elements[1] = "0x2 : goto out/data/new";
  desired.chains["out/data/new"].rules = {{"drop"}};
  desired.chains.erase("out/data/deny");
  EXPECT_EQ(changed(desired, gate()),
            "--\n"
            "add chain ip egressd out/data/new\n"
            "add rule ip egressd out/data/new drop\n"
            "flush map ip egressd verdicts\n"
            "add element ip egressd verdicts {\n"
            "  0x1 : goto out/data/allow, 0x2 : goto out/data/new\n"
            "}\n"
            "--\n"
            "flush chain ip egressd out/data/deny\n"
            "delete chain ip egressd out/data/deny\n");
}

TEST(NftScript, MakesASetBeforeARuleNamesItAndDeletesItAfter) {
  NftTable desired = gate();
  desired.sets.erase("peers");
  desired.sets["friends"] = {.type = "type ipv4_addr", .elements = {"10.0.0.5"}};
  desired.chains["forward"].rules = {{"ip saddr @friends accept"}};
  EXPECT_EQ(changed(desired, gate()),
            "--\n"
            "add set ip egressd friends { type ipv4_addr; }\n"
            "add element ip egressd friends {\n"
            "  10.0.0.5\n"
            "}\n"
            "--\n"
            "flush chain ip egressd forward\n"
            "add rule ip egressd forward ip saddr @friends accept\n"
            "--\n"
            "delete set ip egressd peers\n");
}

// The maps of a gate: addresses to classes, classes to chains.
NftTable classes(std::vector<NftRow> addresses, std::vector<NftRow> verdicts) {
  NftTable table;
  table.row_maps["a"] = {
      .key = {NftField::kAddress}, .interval = true, .rows = std::move(addresses)};
  table.row_maps["v"] = {
      .key = {NftField::kMark}, .chains = {"out/allow", "out/deny"}, .rows = std::move(verdicts)};
  return table;
}

TEST(NftScript, PutsClassesInBeforeAddressesLeadToThemAndTakesThemOutAfter) {
  const NftTable previous =
      classes({{{10}, {19}, 1}, {{20}, {29}, 2}}, {{{1}, {1}, 0}, {{2}, {2}, 1}});
  const NftTable desired =
      classes({{{10}, {19}, 1}, {{20}, {24}, 3}}, {{{1}, {1}, 0}, {{3}, {3}, 0}});
  EXPECT_EQ(changed(desired, previous),
            "--\n"
            "add v { 0x00000003 : goto out/allow }\n"
            "--\n"
            "delete a { 0.0.0.20-0.0.0.29 : 0x00000002 }\n"
            "add a { 0.0.0.20-0.0.0.24 : 0x00000003 }\n"
            "--\n"
            "delete v { 0x00000002 : goto out/deny }\n");
}

// A transaction is one datagram, and only root may send one of more than some 400 KiB.
TEST(NftScript, BringsALargeListInParts) {
  NftTable desired;
  for (int i = 0; i < 1000; ++i) {
    desired.chains[fmt::format("out/{:03}", i)].rules = {{"counter drop"}};
  }
  auto& map = desired.row_maps["a"];
  map = {.key = {NftField::kAddress}, .interval = true};
  for (uint32_t i = 0; i < 7000; ++i) map.rows.push_back({{2 * i}, {2 * i}, 1});
  size_t scripts = 0;
  std::vector<NftRow> rows;
  for (const NftStep& step : update_steps(desired, {})) {
    if (const auto* script = std::get_if<std::string>(&step)) {
      EXPECT_LT(script->size(), 100'000U);
      ++scripts;
      continue;
    }
    for (const NftElements& elements : std::get<std::vector<NftElements>>(step)) {
      EXPECT_LE(elements.content.rows.size(), 4000U);
      rows.insert(rows.end(), elements.content.rows.begin(), elements.content.rows.end());
    }
  }
  EXPECT_EQ(scripts, 2U);
  EXPECT_EQ(rows, map.rows);
}

// Every row that leads to a chain names it.
TEST(NftScript, BringsRowsThatNameLongChainsInSmallerParts) {
  NftTable desired;
  const std::string chain(250, 'c');
  desired.chains[chain] = {};
  auto& map = desired.row_maps["v"];
  map = {.key = {NftField::kMark}, .chains = {chain}};
  for (uint32_t i = 0; i < 3000; ++i) map.rows.push_back({{i}, {i}, 0});
  size_t rows = 0;
  for (const NftStep& step : update_steps(desired, {})) {
    const auto* batch = std::get_if<std::vector<NftElements>>(&step);
    if (batch == nullptr) continue;
    EXPECT_LE(batch->front().content.rows.size() * chain.size(), 400'000U);
    rows += batch->front().content.rows.size();
  }
  EXPECT_EQ(rows, map.rows.size());
}

TEST(NftScript, RewritesAllWhenAClassNumberMeansSomethingElse) {
  const NftTable previous = classes({{{10}, {19}, 1}}, {{{1}, {1}, 0}});
  const NftTable desired = classes({{{10}, {19}, 1}}, {{{1}, {1}, 1}});
  const std::vector<NftStep> steps = update_steps(desired, previous);
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_EQ(std::get<std::string>(steps.front()), rewrite_script(desired, {}));
}

TEST(NftScript, KnowsAChainByItsNameNotByItsPlace) {
  NftTable previous = classes({}, {{{1}, {1}, 0}, {{2}, {2}, 1}});
  NftTable desired = classes({}, {{{1}, {1}, 1}, {{2}, {2}, 0}});
  previous.row_maps["v"].chains = {"out/allow", "out/deny"};
  desired.row_maps["v"].chains = {"out/deny", "out/allow"};
  EXPECT_EQ(changed(desired, previous), "");
}

TEST(NftScript, ChangesABaseChainsPolicyInPlace) {
  NftTable desired = gate();
  desired.chains["forward"].hook->policy_drop = false;
  EXPECT_EQ(changed(desired, gate()),
            "--\n"
            "add chain ip egressd forward { type filter hook forward priority 0; policy accept; "
            "}\n");
}

TEST(NftScript, MakesAnewWhatIsDeclaredDifferently) {
  NftTable desired = gate();
  desired.chains["forward"].hook->priority = -10;
  desired.sets["peers"].interval = true;
  desired.sets.erase("classes");
  desired.chains["forward"].rules.erase(desired.chains["forward"].rules.begin() + 1);
  const std::string script = changed(desired, gate());
  const auto before = [&](const char* first, const char* second) {
    EXPECT_THAT(script, HasSubstr(first));
    EXPECT_THAT(script, HasSubstr(second));
    EXPECT_LT(script.find(first), script.find(second)) << script;
  };
  before("flush table ip egressd\n", "delete set ip egressd peers\n");
  before("delete set ip egressd peers\n",
         "add set ip egressd peers { type ipv4_addr; flags interval; }\n");
  before("delete map ip egressd classes\n", "delete chain ip egressd forward\n");
  before("delete chain ip egressd forward\n",
         "add chain ip egressd forward { type filter hook forward priority -10; policy drop; }\n");
  EXPECT_THAT(script, Not(HasSubstr("delete chain ip egressd out/")));
  EXPECT_THAT(script, Not(HasSubstr("delete map ip egressd verdicts")));
}

// Many elements of which few differ.
NftTable with_addresses(int first, int last, bool interval) {
  NftTable table;
  NftSet& set = table.sets["peers"];
  set = {.type = "type ipv4_addr", .interval = interval};
  for (int i = first; i <= last; ++i) set.elements.push_back("10.0.0." + std::to_string(i));
  return table;
}

TEST(NftScript, ChangesAPlainSetByItsDifference) {
  EXPECT_EQ(changed(with_addresses(2, 41, false), with_addresses(1, 40, false)),
            "--\n"
            "delete element ip egressd peers {\n"
            "  10.0.0.1\n"
            "}\n"
            "add element ip egressd peers {\n"
            "  10.0.0.41\n"
            "}\n");
}

TEST(NftScript, AddsToAnIntervalSetByDifferenceButRefillsItToDelete) {
  const NftTable small = with_addresses(1, 40, true);
  const NftTable large = with_addresses(1, 41, true);
  EXPECT_THAT(changed(large, small), Not(HasSubstr("flush")));
  EXPECT_THAT(changed(small, large), HasSubstr("flush set ip egressd peers\n"));
  EXPECT_THAT(changed(small, large), Not(HasSubstr("delete element")));
}

TEST(NftScript, RefillsASetOfWhichMostDiffers) {
  const std::string script = changed(with_addresses(30, 60, false), with_addresses(1, 31, false));
  EXPECT_THAT(script, HasSubstr("flush set ip egressd peers\n"));
  EXPECT_THAT(script, Not(HasSubstr("delete element")));
}

TEST(NftScript, WritesManyElementsAsOneCommandOfShortLines) {
  const std::string script = rewrite_script(with_addresses(1, 200, true), {});
  EXPECT_EQ(script.find("add element"), script.rfind("add element"));
  size_t longest = 0;
  for (size_t start = 0; start < script.size();) {
    const size_t end = script.find('\n', start);
    longest = std::max(longest, end - start);
    start = end + 1;
  }
  EXPECT_LE(longest, 100U);
}

}  // namespace
}  // namespace egress::state
