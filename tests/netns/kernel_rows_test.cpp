// SPDX-License-Identifier: MIT

// Elements that we put into maps by netlink are the very ones that nft would have put there.

#include <fmt/format.h>

#include <algorithm>

#include "tests/netns/linux_fixture.hpp"
#include "tests/support/process.hpp"

namespace egress::kernel_tests {
namespace {

using namespace testing_support;

using state::KernelState;
using state::NftData;
using state::NftField;
using state::NftMap;
using state::NftRow;
using state::NftTable;

constexpr uint32_t kLastAddress = 0xffffffff;

// So many that a changed row is changed in place.
void add_rows_that_stay(NftMap& map) {
  constexpr uint32_t kRows = 50;
  const bool by_interface = !map.interfaces.empty();
  std::vector<NftRow> rows = map.rows.list();
  for (uint32_t i = 0; i < kRows; ++i) {
    NftRow row{.value = map.data == NftData::kVerdict || map.data == NftData::kNone ? 0 : 9U};
    row.first[0] = 0x20000000 + (map.key.front() == NftField::kMark ? i : 2 * i);
    if (by_interface) {
      row.first[0] = static_cast<uint32_t>(map.interfaces.size());
      map.interfaces.push_back(fmt::format("y{}", 100 + i));
    }
    if (map.key.size() > 1) row.first[1] = 1;
    row.last = row.first;
    rows.push_back(row);
  }
  std::sort(rows.begin(), rows.end());
  map.rows = std::move(rows);
}

// Sets and maps by what one meets on the way in and out.
void add_plain_maps(NftTable& table, uint32_t variant) {
  const std::string port = fmt::format("x{}", variant);
  const Ipv4Address address{0xfedc0000 + variant};
  table.maps["ways"] = state::make_map({.key = {NftField::kIifname}, .data = NftData::kVerdict},
                                       {{{port}, "out/web"}, {{"fifteen-letters"}, "out/rest"}});
  table.maps["zones"] = state::make_map({.key = {NftField::kIifname}, .data = NftData::kZone},
                                        {{{port}, uint32_t{0x102}}, {{"x"}, 1 + variant}});
  table.maps["nat"] = state::make_map({.key = {NftField::kOifname}, .data = NftData::kAddress},
                                      {{{"x"}, address}, {{port}, Ipv4Address{0x01020304}}});
  table.maps["inside"] = state::make_map({.key = {NftField::kSaddr}, .data = NftData::kAddress},
                                         {{{address}, address}, {{Ipv4Address{1}}, address}});
  table.maps["own"] = state::make_map({.key = {NftField::kIifname, NftField::kSaddr}},
                                      {{{"fifteen-letters", address}}, {{port, Ipv4Address{1}}}});
  table.maps["peers"] = state::make_map(
      {.key = {NftField::kDaddr}, .interval = true},
      {{{Ipv4Prefix{{0}, 8}}}, {{Ipv4Address{0x01000000}}}, {{Ipv4Prefix{{0xff000000}, 8}}}});
}

// Every kind of map, with the edges that intervals have: the first and the last number, single
// ones, neighbours that touch. The last class is another one in each variant.
NftTable rows_table(uint32_t variant) {
  NftTable table;
  const uint32_t moved = 0xfedc0000 + variant;
  add_plain_maps(table, variant);
  table.maps["addresses"] = {.key = {NftField::kDaddr},
                             .data = NftData::kMark,
                             .interval = true,
                             .rows = {{{0}, {9}, 0x01020304},
                                      {{10}, {10}, moved},
                                      {{11 + variant}, {0x0a000000}, 0x01020304},
                                      {{0x0a000001}, {0x0a0000ff}, moved},
                                      {{0xc0000200}, {kLastAddress - variant}, moved}}};
  table.maps["sources"] = {.key = {NftField::kMark, NftField::kSaddr},
                           .data = NftData::kMark,
                           .interval = true,
                           .rows = {{{0x01020304, 0}, {0x01020304, kLastAddress}, 5},
                                    {{moved, 0x0a000000}, {moved, 0x0a00ffff}, 0x01020304}}};
  table.maps["source_ports"] = {
      .key = {NftField::kMark, NftField::kSport},
      .data = NftData::kMark,
      .interval = true,
      .rows = {{{0x01020304, 0}, {0x01020304, 1023}, 7}, {{moved, 1024}, {moved, 65535}, 8}}};
  table.maps["ports"] = {
      .key = {NftField::kMark, NftField::kProtocol, NftField::kDport},
      .data = NftData::kVerdict,
      .interval = true,
      .chains = {"out/web", "out/rest"},
      .rows = {{{7, kTcp, 80}, {7, kTcp, 80}, 0}, {{moved, kUdp, 0}, {moved, kUdp, 65535}, 1}}};
  table.maps["protocols"] = {.key = {NftField::kMark, NftField::kProtocol},
                             .data = NftData::kVerdict,
                             .chains = {"out/web", "out/rest"},
                             .rows = {{{7, 1}, {7, 1}, 1}, {{moved, 50}, {moved, 50}, 0}}};
  table.maps["others"] = {.key = {NftField::kMark},
                          .data = NftData::kVerdict,
                          .chains = {"out/rest"},
                          .rows = {{{7}, {7}, 0}, {{moved}, {moved}, 0}}};
  for (auto& [name, map] : table.maps) add_rows_that_stay(map);
  table.chains["out/web"].rules = {{"counter accept", "nsg/web"}};
  table.chains["out/rest"].rules = {{"counter drop", "nsg/rest"}};
  return table;
}

class KernelRows : public LinuxFixture {
 protected:
  static KernelState lab(const NftTable& table) {
    KernelState state;
    state["eg-a"] = plain_netns();
    state["eg-a"]->firewall = state::make_firewall(table);
    return state;
  }
  // As nft prints it and as the kernel holds it, there in the order in which it was put. A map may
  // be a copy (state/nft_names.hpp).
  static std::string listing() {
    return run_script(R"(
      for map in addresses sources source_ports ports protocols others \
          ways zones nat inside own peers; do
        found=$(ip netns exec eg-a nft list ruleset |
          sed -nE "s#.*((map|set) $map(//[0-9]+)?) .*#\1#p")
        ip netns exec eg-a nft --debug=netlink list ${found% *} ip egressd ${found#* } | sed -E "s|//[0-9]+||g" |
          tr -d '{},\t' | sed 's/elements =//; s/^ *//; s/ *$//' | sort
      done)")
        .out;
  }
  // What nft makes of the same rows as text, in place of ours.
  static std::string listing_by_nft(uint32_t variant) {
    const NftTable table = rows_table(variant);
    std::string script = "flush ruleset\nadd table ip egressd\n";
    for (const auto& [name, chain] : table.chains) {
      script += fmt::format("add chain ip egressd {}\n", name);
    }
    for (const auto& [name, map] : table.maps) {
      script += fmt::format("add {} ip egressd {} {{ {}; {}}}\n", keyword(map), name,
                            type_text(map), map.interval ? "flags interval; " : "");
      for (const NftRow& row : rows_of(map)) {
        script += fmt::format("add element ip egressd {} {{ {} }}\n", name, element_text(map, row));
      }
    }
    by_hand("ip netns exec eg-a nft -f - <<'END'\n" + script + "END");
    return listing();
  }
};

TEST_F(KernelRows, AreLaidOutAsNftDoes) {
  converge(lab(rows_table(0)));
  const std::string created = listing();
  EXPECT_THAT(created, testing::HasSubstr("out/web"));
  EXPECT_EQ(created, listing_by_nft(0));
}

TEST_F(KernelRows, ChangeInPlaceToWhatTheyWouldHaveBeenMadeAs) {
  for (const uint32_t variant : {1U, 2U, 0U}) {
    converge(lab(rows_table(3)));
    EXPECT_EQ(converge(lab(rows_table(variant))), 1U);
    const std::string changed = listing();
    EXPECT_EQ(changed, listing_by_nft(variant)) << "variant " << variant;
  }
}

TEST_F(KernelRows, FillAndChangeInManyMessages) {
  const auto many = [](uint32_t variant) {
    NftTable table;
    auto& map = table.maps["addresses"];
    map = {.key = {NftField::kDaddr}, .data = NftData::kMark, .interval = true};
    std::vector<NftRow> rows;
    for (uint32_t i = 0; i < 20'000; ++i) {
      rows.push_back({{i * 16}, {i * 16 + 7}, 1 + (i % 3 == 0 ? variant : 0)});
    }
    map.rows = std::move(rows);
    return table;
  };
  converge(lab(many(0)));
  EXPECT_EQ(converge(lab(many(1))), 1U);
  EXPECT_EQ(observe(), lab(many(1)));
  const std::string found =
      run_script(
          "for address in 0.0.0.0 0.0.0.7 0.0.0.8 0.0.0.16 0.4.225.224 0.4.225.240; do "
          "ip netns exec eg-a nft get element ip egressd addresses//2 \"{ $address }\" 2>&1 | "
          "grep -o 'elements.*\\|No such' || true; done")
          .out;
  // So much changes that the map is made anew. nft names the interval that holds an address by its
  // first one.
  EXPECT_EQ(found,
            "elements = { 0.0.0.0 : 0x00000002 }\n"
            "elements = { 0.0.0.0 : 0x00000002 }\n"
            "No such\n"
            "elements = { 0.0.0.16 : 0x00000001 }\n"
            "elements = { 0.4.225.224 : 0x00000002 }\n"
            "elements = { 0.4.225.240 : 0x00000001 }\n");
}

TEST_F(KernelRows, SayWhichChangeTheKernelRefused) {
  NftTable table;
  table.maps["addresses"] = {.key = {NftField::kDaddr},
                             .data = NftData::kMark,
                             .interval = true,
                             .rows = {{{10}, {20}, 1}, {{11}, {21}, 1}}};
  EXPECT_OK(apply(state::Verb::kAdd, "eg-a", state::NetnsObject{}));
  const Status refused = apply(state::Verb::kAdd, "eg-a",
                               state::FirewallChange{.desired = state::make_firewall(table)});
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().to_string(), testing::HasSubstr("firewall"));
}

}  // namespace
}  // namespace egress::kernel_tests
