// SPDX-License-Identifier: MIT

// From any table to any other, known or not, every packet meets the one or the other.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/unit/state/nft_model.hpp"

namespace egress::state {
namespace {

// Random gates behind random ports, now and then with what no compiler makes: class numbers that
// mean something else, chains and sets declared otherwise.
class RandomTables {
 public:
  explicit RandomTables(uint32_t seed) : random_(seed) {}

  uint32_t below(uint32_t limit) { return static_cast<uint32_t>(random_() % limit); }

  NftTable take() {
    NftTable table;
    std::vector<NftElement> from;
    for (const char* gate : {"out/a", "out/b"}) {
      if (below(5) == 0) continue;
      add_gate(table, gate);
      from.push_back({{gate + 4}, gate});
    }
    if (below(3) == 0) from.push_back({{"c"}, "refuse"});
    table.chains["refuse"].rules = {{"drop"}};
    table.maps["from"] = make_map({.key = {NftField::kIifname}, .data = NftData::kVerdict}, from);
    std::vector<NftElement> peers;
    for (uint32_t i = 0; i < below(5); ++i) peers.push_back({{0x0a000000 + i * 10 + below(10)}});
    table.maps["peers"] =
        make_map({.key = {NftField::kSaddr}, .interval = below(2) == 0}, std::move(peers));
    const int priority = below(8) == 0 ? 5 : 0;
    table.chains["forward"] = {.hook = NftHook{"filter", "forward", priority, below(4) == 0},
                               .rules = {{"iifname vmap @from"}}};
    return table;
  }

 private:
  void add_gate(NftTable& table, const std::string& name) {
    NftMap addresses{.key = {NftField::kDaddr}, .data = NftData::kMark, .interval = true};
    NftMap verdicts{.key = {NftField::kMark}, .data = NftData::kVerdict};
    std::vector<NftRow> address_rows;
    std::vector<NftRow> verdict_rows;
    const uint32_t first = below(3) == 0 ? 100 : 0;  // classes that share nothing, or something
    const uint32_t shift = below(6) == 0 ? 1 : 0;    // a number that means something else
    const uint32_t classes = 1 + below(8);
    for (uint32_t i = 0; i < classes; ++i) {
      const uint32_t number = first + i;
      verdicts.chains.push_back(fmt::format("{}/{}", name, number + shift));
      verdict_rows.push_back({{0x10 + number}, {0x10 + number}, i});
      table.chains[verdicts.chains.back()].rules = {
          {fmt::format("does {}", below(30) == 0 ? 99 : number + shift)}};
    }
    for (uint32_t address = 0; address < 10; address += 1 + below(3)) {
      const uint32_t mark = 0x10 + first + below(classes);
      address_rows.push_back({{address}, {address + below(2)}, mark});
      address = address_rows.back().last[0];
    }
    addresses.rows = std::move(address_rows);
    verdicts.rows = std::move(verdict_rows);
    const std::string tag = below(6) == 0 ? ".y" : ".x";
    table.maps[name + "/daddr" + tag] = addresses;
    table.maps[name + "/other" + tag] = verdicts;
    auto& rules = table.chains[name].rules;
    if (below(3) == 0) {
      rules.push_back({"jump checked"});
      table.chains["checked"].rules = {{"return"}};
    }
    const std::vector<NftRule> lookups = {{fmt::format("meta mark set {:#x}", 0x10 + first)},
                                          {"meta mark set ip daddr map @" + name + "/daddr" + tag},
                                          {"meta mark vmap @" + name + "/other" + tag},
                                          {"drop"}};
    rules.insert(rules.end(), lookups.begin(), lookups.end());
  }

  std::mt19937 random_;
};

class NftUpdates : public testing::Test {
 protected:
  static constexpr uint32_t kAddresses = 12;

  using Fates = std::vector<std::string>;
  static Fates fates(const NftModel& model) {
    Fates all;
    for (const char* port : {"a", "b", "c"}) {
      for (uint32_t address = 0; address < kAddresses; ++address) {
        all.push_back(model.fate(port, address));
      }
    }
    return all;
  }
  static NftModel made(const NftTable& table) {
    NftModel model;
    for (const NftStep& step : replacement(table, {}).steps) model.run(step);
    return model;
  }
  // Runs `count` steps; after each, every packet meets what it met before or what it shall meet.
  static void run(NftModel& model, const NftUpdate& update, const NftTable& desired, size_t count) {
    const Fates before = fates(model);
    const Fates after = fates(made(desired));
    for (size_t i = 0; i < std::min(count, update.steps.size()); ++i) {
      model.run(update.steps[i]);
      const Fates now = fates(model);
      for (size_t f = 0; f < now.size(); ++f) {
        EXPECT_TRUE(now[f] == before[f] || now[f] == after[f]) << "after step " << i << ":\n"
                                                               << now[f] << "not\n"
                                                               << before[f] << "nor\n"
                                                               << after[f];
      }
    }
    if (count >= update.steps.size()) {
      EXPECT_EQ(model.text(), made(renamed(desired, update.names)).text());
      EXPECT_EQ(fates(model), after);
    }
  }
  static constexpr size_t kAll = 1'000'000;
};

TEST_F(NftUpdates, LeadFromAnyTableToAnyOtherAndEveryPacketMeetsOneOfThem) {
  for (uint32_t seed = 0; seed < 60 && !HasFailure(); ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RandomTables random(seed);
    NftTable previous = random.take();
    NftModel model = made(previous);
    NftAliases names;
    for (int change = 0; change < 4; ++change) {
      const NftTable desired = random.take();
      const NftUpdate update = state::update(desired, previous, names);
      run(model, update, desired, kAll);
      names = update.names;
      previous = desired;
    }
  }
}

TEST_F(NftUpdates, LeadFromWhateverIsThereToAnyTableAndEveryPacketMeetsOneOfThem) {
  for (uint32_t seed = 0; seed < 60 && !HasFailure(); ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RandomTables random(seed);
    const NftTable first = random.take();
    NftModel model = made(first);
    // Twice a process ends in the middle of a change.
    for (int change = 0; change < 3; ++change) {
      const NftTable desired = random.take();
      const NftUpdate update = replacement(desired, model.present());
      run(model, update, desired, change == 2 ? kAll : random.below(6));
    }
  }
}

TEST_F(NftUpdates, ThatFailBeforeAnythingSwitchedAreTakenBackWhole) {
  for (uint32_t seed = 0; seed < 60 && !HasFailure(); ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RandomTables random(seed);
    NftModel model = made(random.take());
    const std::string before = model.text();
    const NftUpdate update = replacement(random.take(), model.present());
    const auto done = random.below(static_cast<uint32_t>(update.preparing) + 1);
    for (uint32_t i = 0; i < done; ++i) model.run(update.steps[i]);
    for (const NftStep& step : withdrawal(update, model.present())) model.run(step);
    EXPECT_EQ(model.text(), before);
  }
}

}  // namespace
}  // namespace egress::state
