// SPDX-License-Identifier: MIT
#include "state/nft_update.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/support/values.hpp"

namespace egress::state {
namespace {

using testing::HasSubstr;
using testing::Not;

using testing_support::prefix;

NftMap addresses(const std::vector<std::string>& all, bool interval = false) {
  std::vector<NftElement> elements;
  for (const std::string& each : all) elements.push_back({{prefix(each)}});
  return make_map({.key = {NftField::kSaddr}, .interval = interval}, elements);
}

// A gate in small: a base chain, a verdict map that leads to rule chains, an interval map.
NftTable gate() {
  NftTable table;
  table.maps["classes"] =
      make_map({.key = {NftField::kDaddr}, .data = NftData::kMark, .interval = true},
               {{{prefix("10.0.0.0/8")}, uint32_t{1}}, {{prefix("11.0.0.0/8")}, uint32_t{2}}});
  table.maps["verdicts"] =
      make_map({.key = {NftField::kMark}, .data = NftData::kVerdict},
               {{{uint32_t{1}}, "out/data/allow"}, {{uint32_t{2}}, "out/data/deny"}});
  table.maps["peers"] = addresses({"10.0.0.4"});
  table.chains["forward"] = {.hook = NftHook{"filter", "forward", 0, true},
                             .rules = {{"ip saddr @peers accept"},
                                       {"meta mark set ip daddr map @classes"},
                                       {"meta mark vmap @verdicts"}}};
  table.chains["out/data/allow"] = {.rules = {{"counter accept", "nsg/allow"}}};
  table.chains["out/data/deny"] = {.rules = {{"counter drop", "nsg/deny"}}};
  return table;
}

// The transactions of an update, one behind the other.
std::string text_of(const std::vector<NftStep>& steps) {
  std::string text;
  for (const NftStep& step : steps) {
    text += "--\n";
    if (const auto* script = std::get_if<std::string>(&step)) {
      text += *script;
      continue;
    }
    for (const NftElements& elements : std::get<std::vector<NftElements>>(step)) {
      const char* verb = elements.verb == NftElementsVerb::kAdd ? "add" : "delete";
      for (const NftRow& row : elements.rows) {
        text += fmt::format("{} {} {{ {} }}\n", verb, elements.map,
                            element_text(elements.declared, row));
      }
    }
  }
  return text;
}

std::string changed(const NftTable& desired, const NftTable& previous) {
  return text_of(update(desired, previous, {}).steps);
}

TEST(NftUpdate, MarksByMakingTheMarkerAnew) {
  EXPECT_EQ(marker_script("m 1"),
            "add set ip egressd meta_generation { type ipv4_addr; }\n"
            "delete set ip egressd meta_generation\n"
            "add set ip egressd meta_generation { type ipv4_addr; comment \"m 1\"; }\n");
}

TEST(NftUpdate, SaysNothingWhenNothingDiffers) {
  EXPECT_TRUE(update(gate(), gate(), {}).steps.empty());
}

TEST(NftUpdate, ReplacesTheRulesOfAChangedChainAlone) {
  NftTable desired = gate();
  desired.chains["out/data/deny"].rules = {{"counter accept", "nsg/deny"}};
  EXPECT_EQ(changed(desired, gate()),
            "--\n"
            "flush chain ip egressd out/data/deny\n"
            "add rule ip egressd out/data/deny counter accept comment \"nsg/deny\"\n");
}

// The verdicts of a gate, by class.
NftTable verdicts(std::vector<std::string> chains, std::vector<NftRow> rows) {
  NftTable table;
  table.maps["v"] = {.key = {NftField::kMark},
                     .data = NftData::kVerdict,
                     .chains = std::move(chains),
                     .rows = std::move(rows)};
  return table;
}

TEST(NftUpdate, KnowsAChainByItsNameNotByItsPlace) {
  EXPECT_EQ(changed(verdicts({"out/deny", "out/allow"}, {{{1}, {1}, 1}, {{2}, {2}, 0}}),
                    verdicts({"out/allow", "out/deny"}, {{{1}, {1}, 0}, {{2}, {2}, 1}})),
            "");
}

// Machines' addresses by their ports.
NftTable ports(const std::vector<std::string>& names) {
  NftTable table;
  std::vector<NftElement> elements;
  for (const std::string& name : names) elements.push_back({{name, Ipv4Address{7}}});
  table.maps["own"] = make_map({.key = {NftField::kIifname, NftField::kSaddr}}, elements);
  return table;
}

TEST(NftUpdate, KnowsAnInterfaceByItsNameNotByItsPlace) {
  EXPECT_EQ(changed(ports({"b", "c", "d", "e"}), ports({"a", "c", "d", "e"})),
            "--\n"
            "delete own { \"a\" . 0.0.0.7 }\n"
            "add own { \"b\" . 0.0.0.7 }\n");
  EXPECT_EQ(changed(ports({"a", "c", "d", "e"}), ports({"a", "c", "d", "e", "f"})),
            "--\n"
            "delete own { \"f\" . 0.0.0.7 }\n");
}

// What is led to by interfaces would otherwise follow its rules one transaction later.
TEST(NftUpdate, ChangesElementsInTheTransactionOfTheRulesThatChangeWithThem) {
  NftTable previous = ports({"a", "c", "d", "e"});
  NftTable desired = ports({"b", "c", "d", "e"});
  previous.chains["input"].rules = {{"iifname . ip saddr @own accept"}};
  desired.chains["input"].rules = {{"iifname . ip saddr @own drop"}};
  EXPECT_EQ(changed(desired, previous),
            "--\n"
            "flush chain ip egressd input\n"
            "add rule ip egressd input iifname . ip saddr @own drop\n"
            "delete element ip egressd own {\n"
            "  \"a\" . 0.0.0.7\n"
            "}\n"
            "add element ip egressd own {\n"
            "  \"b\" . 0.0.0.7\n"
            "}\n");
}

TEST(NftUpdate, ChangesABaseChainsPolicyInPlace) {
  NftTable desired = gate();
  desired.chains["forward"].hook->policy_drop = false;
  EXPECT_EQ(changed(desired, gate()),
            "--\n"
            "add chain ip egressd forward { type filter hook forward priority 0; policy accept; "
            "}\n");
}

// Many elements of which few differ.
NftTable with_addresses(int first, int last, bool interval) {
  std::vector<std::string> all;
  for (int i = first; i <= last; ++i) all.push_back("10.0.0." + std::to_string(i));
  NftTable table;
  table.maps["peers"] = addresses(all, interval);
  return table;
}

TEST(NftUpdate, ChangesAPlainSetByItsDifference) {
  EXPECT_EQ(changed(with_addresses(2, 41, false), with_addresses(1, 40, false)),
            "--\n"
            "delete peers { 10.0.0.1 }\n"
            "add peers { 10.0.0.41 }\n");
}

TEST(NftUpdate, MakesASetOfWhichMuchDiffersAnewBesideTheOldOne) {
  NftTable desired = gate();
  desired.maps["peers"] = addresses({"10.0.0.5"});
  EXPECT_EQ(changed(desired, gate()),
            "--\n"
            "add set ip egressd peers//2 { typeof ip saddr; }\n"
            "--\n"
            "add peers//2 { 10.0.0.5 }\n"
            "--\n"
            "flush chain ip egressd forward\n"
            "add rule ip egressd forward ip saddr @peers//2 accept\n"
            "add rule ip egressd forward meta mark set ip daddr map @classes\n"
            "add rule ip egressd forward meta mark vmap @verdicts\n"
            "--\n"
            "delete set ip egressd peers\n");
}

TEST(NftUpdate, GoesBackAndForthBetweenTwoNames) {
  NftTable desired = gate();
  desired.maps["peers"] = addresses({"10.0.0.5"});
  const NftUpdate there = update(desired, gate(), {});
  EXPECT_EQ(there.names, (NftAliases{.maps = {{"peers", "peers//2"}}}));
  EXPECT_TRUE(update(desired, desired, there.names).steps.empty());
  EXPECT_EQ(update(gate(), desired, there.names).names, NftAliases{});
}

TEST(NftUpdate, MakesAnewWhatIsDeclaredDifferently) {
  NftTable desired = gate();
  desired.chains["forward"].hook->priority = -10;
  desired.maps["peers"].interval = true;
  const NftUpdate made = update(desired, gate(), {});
  EXPECT_EQ(made.names,
            (NftAliases{.chains = {{"forward", "forward//2"}}, .maps = {{"peers", "peers//2"}}}));
  // Both base chains at once: what stays hooked in has its say.
  EXPECT_THAT(text_of(made.steps),
              HasSubstr("add rule ip egressd forward//2 meta mark vmap @verdicts\n"
                        "flush chain ip egressd forward\n"
                        "delete chain ip egressd forward\n"
                        "--\n"
                        "delete set ip egressd peers\n"));
}

TEST(NftUpdate, FromAnIntervalSetTakesNothingOut) {
  const NftTable small = with_addresses(1, 40, true);
  const NftTable large = with_addresses(1, 41, true);
  EXPECT_EQ(changed(large, small), "--\nadd peers { 10.0.0.41 }\n");
  EXPECT_THAT(changed(small, large), HasSubstr("add set ip egressd peers//2"));
}

TEST(NftUpdate, WritesManyElementsAsShortLines) {
  NftTable desired = with_addresses(1, 200, true);
  NftTable previous = with_addresses(1, 101, true);
  previous.chains["input"].rules = {{"accept"}};
  desired.chains["input"].rules = {{"drop"}};
  const std::string script = changed(desired, previous);
  EXPECT_THAT(script, HasSubstr("10.0.0.200"));
  EXPECT_EQ(script.find("add element"), script.rfind("add element"));
  size_t longest = 0;
  for (size_t start = 0; start < script.size();) {
    const size_t end = script.find('\n', start);
    longest = std::max(longest, end - start);
    start = end + 1;
  }
  EXPECT_LE(longest, 100U);
}

// A gate whose addresses, one by one, lead to the classes given; class 0x11 leads to the first
// chain, and so on.
NftTable classifier(const std::vector<uint32_t>& classes) {
  NftTable table;
  NftMap addresses{.key = {NftField::kDaddr}, .data = NftData::kMark, .interval = true};
  NftMap verdicts{.key = {NftField::kMark}, .data = NftData::kVerdict};
  std::vector<NftRow> address_rows;
  std::vector<NftRow> verdict_rows;
  std::map<uint32_t, uint32_t> chains;
  for (const uint32_t each : classes) chains[each] = 0;
  for (auto& [number, index] : chains) {
    index = static_cast<uint32_t>(verdicts.chains.size());
    verdicts.chains.push_back(fmt::format("out/{}", number));
    verdict_rows.push_back({{0x10 + number}, {0x10 + number}, index});
    table.chains[verdicts.chains.back()].rules = {{fmt::format("does {}", number)}};
  }
  for (uint32_t i = 0; i < classes.size(); ++i) {
    address_rows.push_back({{2 * i}, {2 * i}, 0x10 + classes[i]});
  }
  addresses.rows = std::move(address_rows);
  verdicts.rows = std::move(verdict_rows);
  table.maps["a"] = addresses;
  table.maps["v"] = verdicts;
  table.chains["out"].rules = {{"meta mark set ip daddr map @a"}, {"meta mark vmap @v"}};
  table.chains["forward"] = {.hook = NftHook{"filter", "forward", 0, true},
                             .rules = {{"iifname vmap @from"}}};
  table.maps["from"] =
      make_map({.key = {NftField::kIifname}, .data = NftData::kVerdict}, {{{"p"}, "out"}});
  return table;
}

std::vector<uint32_t> classes_from(uint32_t first, uint32_t count) {
  std::vector<uint32_t> classes(count);
  for (uint32_t i = 0; i < count; ++i) classes[i] = first + i;
  return classes;
}

TEST(NftUpdate, ChangesAFewElementsInPlaceNewClassesFirstAndOldOnesLast) {
  std::vector<uint32_t> classes = classes_from(0, 10);
  const NftTable previous = classifier(classes);
  classes[3] = 30;
  EXPECT_EQ(changed(classifier(classes), previous),
            "--\n"
            "add chain ip egressd out/30\n"
            "add rule ip egressd out/30 does 30\n"
            "--\n"
            "add v { 0x0000002e : goto out/30 }\n"
            "--\n"
            "delete a { 0.0.0.6 : 0x00000013 }\n"
            "add a { 0.0.0.6 : 0x0000002e }\n"
            "--\n"
            "delete v { 0x00000013 : goto out/3 }\n"
            "--\n"
            "flush chain ip egressd out/3\n"
            "delete chain ip egressd out/3\n");
}

TEST(NftUpdate, MakesAllMapsOfAGateAnewWhenOneIsAndLeavesOthersAlone) {
  NftTable previous = classifier(classes_from(0, 10));
  NftTable desired = classifier(classes_from(20, 10));
  for (NftTable* table : {&previous, &desired}) {
    table->maps["b"] = {.key = {NftField::kDaddr},
                        .data = NftData::kMark,
                        .interval = true,
                        .rows = {{{1}, {1}, 1}}};
    table->chains["other"].rules = {{"meta mark set ip daddr map @b"}};
  }
  EXPECT_EQ(update(desired, previous, {}).names,
            (NftAliases{.maps = {{"a", "a//2"}, {"v", "v//2"}}}));
}

TEST(NftUpdate, MakesAMapAnewWhenAClassNumberMeansSomethingElse) {
  const NftTable previous = classifier(classes_from(0, 10));
  NftTable desired = previous;
  std::vector<NftRow> rows = desired.maps["v"].rows.list();
  rows[0].value = 1;
  desired.maps["v"].rows = std::move(rows);
  EXPECT_EQ(update(desired, previous, {}).names, (NftAliases{.maps = {{"v", "v//2"}}}));
}

TEST(NftUpdate, MakesAMapAnewWhenWhatItLeadsToChangesWithIt) {
  std::vector<uint32_t> classes = classes_from(0, 10);
  const NftTable previous = classifier(classes);
  classes[3] = 30;
  NftTable desired = classifier(classes);
  desired.chains["out/0"].rules = {{"does something else"}};
  EXPECT_EQ(update(desired, previous, {}).names,
            (NftAliases{.maps = {{"a", "a//2"}, {"v", "v//2"}}}));
  // And so it is when only addresses move among classes that stay.
  desired = previous;
  std::vector<NftRow> rows = desired.maps["a"].rows.list();
  std::swap(rows[3].value, rows[4].value);
  desired.maps["a"].rows = std::move(rows);
  desired.chains["out/0"].rules = {{"does something else"}};
  EXPECT_EQ(update(desired, previous, {}).names, (NftAliases{.maps = {{"a", "a//2"}}}));
}

// Rules of many chains do not fit into one transaction, but a new table does in parts.
TEST(NftUpdate, SwitchesToANewTableWhenManyChainsChange) {
  const NftTable previous = classifier(classes_from(0, 500));
  NftTable desired = previous;
  for (auto& [name, chain] : desired.chains) {
    if (name.starts_with("out/")) chain.rules.front().expression += " too";
  }
  const NftUpdate made = update(desired, previous, {});
  EXPECT_EQ(made.names.chains.size(), 501U);
  EXPECT_EQ(made.names.chains.count("forward"), 0U);
}

// Only the machine's own root may send more than the usual send buffer holds at once.
TEST(NftUpdate, ComesInTransactionsOfBoundedSize) {
  const NftTable large = classifier(classes_from(0, 3000));
  const NftTable other = classifier(classes_from(9000, 3000));
  for (const auto& steps :
       {update(large, {}, {}).steps, update(other, large, {}).steps, update({}, large, {}).steps}) {
    EXPECT_GT(steps.size(), 5U);
    for (const NftStep& step : steps) {
      if (const auto* script = std::get_if<std::string>(&step)) {
        EXPECT_LE(script->size(), 45'000U);
        continue;
      }
      size_t rows = 0;
      for (const auto& part : std::get<std::vector<NftElements>>(step)) {
        rows += part.rows.size();
      }
      EXPECT_LE(rows, 4000U);
    }
  }
}

TEST(NftUpdate, LeavesASetThatRulesFillToThem) {
  NftTable table;
  table.maps["seen"] = {
      .key = {NftField::kSaddr, NftField::kSport, NftField::kDaddr, NftField::kDport},
      .timeout_seconds = 10};
  EXPECT_THAT(changed(table, {}),
              HasSubstr("add set ip egressd seen { typeof ip saddr . th sport . ip daddr . th "
                        "dport; flags dynamic,timeout; timeout 10s; size 65536; }\n"));
  EXPECT_EQ(changed(table, table), "");
  NftTable longer = table;
  longer.maps["seen"].timeout_seconds = 20;
  EXPECT_NE(make_firewall(longer), make_firewall(table));
  EXPECT_THAT(changed(longer, table), HasSubstr("delete set ip egressd seen\n"));
}

TEST(NftUpdate, LeavesASetInWhichRulesCountToThem) {
  NftTable table;
  table.maps["tcp/20.61.7.1"] = {.key = {NftField::kMark}, .size = 2016};
  EXPECT_THAT(changed(table, {}), HasSubstr("add set ip egressd tcp/20.61.7.1 { typeof meta mark; "
                                            "flags dynamic; size 2016; }\n"));
  EXPECT_EQ(changed(table, table), "");
  NftTable larger = table;
  larger.maps["tcp/20.61.7.1"].size = 4032;
  EXPECT_THAT(changed(larger, table), HasSubstr("delete set ip egressd tcp/20.61.7.1\n"));
}

// Every row that leads to a chain names it.
TEST(NftUpdate, BringsRowsThatNameLongChainsInSmallerParts) {
  NftTable desired;
  const std::string chain(250, 'c');
  desired.chains[chain] = {};
  auto& map = desired.maps["v"];
  map = {.key = {NftField::kMark}, .data = NftData::kVerdict, .chains = {chain}};
  std::vector<NftRow> all;
  for (uint32_t i = 0; i < 3000; ++i) all.push_back({{i}, {i}, 0});
  map.rows = std::move(all);
  size_t rows = 0;
  for (const NftStep& step : update(desired, {}, {}).steps) {
    const auto* batch = std::get_if<std::vector<NftElements>>(&step);
    if (batch == nullptr) continue;
    EXPECT_LE(batch->front().rows.size() * chain.size(), 400'000U);
    rows += batch->front().rows.size();
  }
  EXPECT_EQ(rows, map.rows.size());
}

}  // namespace
}  // namespace egress::state
