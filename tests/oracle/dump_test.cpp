// SPDX-License-Identifier: MIT
#include "tests/oracle/dump.hpp"

#include <gmock/gmock.h>

namespace egress::oracle {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Listing empty_listing() {
  return {"[]", "[]", "[]", "[][]", "[][]", "[]", R"({"nftables": [{"metainfo": {}}]})", ""};
}

std::map<std::string, Listing> two_ends(int index, int peer_index, int id) {
  Listing near = empty_listing();
  near.links = R"([{"ifindex": 2, "link_index": )" + std::to_string(peer_index) +
               R"(, "link_netnsid": )" + std::to_string(id) + R"(, "ifname": "eth0"}])";
  near.ids = R"([{"nsid": )" + std::to_string(id) + R"(, "name": "far"}])";
  Listing far = empty_listing();
  far.links = R"([{"ifindex": )" + std::to_string(index) + R"(, "ifname": "h-web"}])";
  return {{"near", near}, {"far", far}};
}

Listing with_ruleset(const std::string& entries) {
  Listing listing = empty_listing();
  listing.ruleset = R"({"nftables": [{"metainfo": {"version": "1.0.6"}}, )" + entries + "]}";
  return listing;
}

std::vector<std::string> compare(const std::map<std::string, Listing>& before,
                                 const std::map<std::string, Listing>& after) {
  return differences(normalised(before).value(), normalised(after).value(), 10);
}

TEST(Dump, NamesTheOtherEndWhateverItsIndexIs) {
  const Dump dump = normalised(two_ends(7, 7, 3)).value();
  EXPECT_THAT(dump.at("near"), ElementsAre(HasSubstr(R"("peer":"far/h-web")")));
  EXPECT_THAT(compare(two_ends(7, 7, 3), two_ends(9, 9, 0)), IsEmpty());
}

TEST(Dump, SeesThatALinkEndsElsewhere) {
  EXPECT_THAT(compare(two_ends(7, 7, 3), two_ends(7, 8, 3)),
              ElementsAre(HasSubstr("near only"), HasSubstr("near only")));
}

TEST(Dump, ForgetsHandlesCountersAndGenerations) {
  const auto ruleset = [](const std::string& handle, const std::string& packets,
                          const std::string& generation) {
    return with_ruleset(R"({"set": {"table": "egressd", "name": "meta_generation", "handle": )" +
                        handle + R"(, "comment": "abc )" + generation +
                        R"("}}, {"rule": {"table": "egressd", "chain": "c",)"
                        R"( "handle": )" +
                        handle + R"(, "expr": [{"counter": {"packets": )" + packets +
                        R"(, "bytes": 9}}, {"drop": null}]}})");
  };
  EXPECT_THAT(compare({{"n", ruleset("4", "0", "17")}}, {{"n", ruleset("9", "5", "31")}}),
              IsEmpty());
}

TEST(Dump, ForgetsWhatPacketsPutIntoASet) {
  const auto set = [](const std::string& rest) {
    return with_ruleset(R"({"set": {"name": "seen")" + rest + "}}");
  };
  EXPECT_THAT(compare({{"n", set(R"(, "timeout": 10, "elem": ["a"])")}},
                      {{"n", set(R"(, "timeout": 10)")}}),
              IsEmpty());
  EXPECT_THAT(
      compare({{"n", set(R"(, "size": 10, "elem": ["a"])")}}, {{"n", set(R"(, "size": 10)")}}),
      IsEmpty());
  EXPECT_EQ(compare({{"n", set(R"(, "elem": ["a"])")}}, {{"n", set("")}}).size(), 2U);
}

TEST(Dump, SeesAnotherDigestInTheMarker) {
  const auto marker = [](const std::string& digest) {
    return with_ruleset(R"({"set": {"name": "meta_generation", "comment": ")" + digest +
                        R"( 1"}})");
  };
  EXPECT_EQ(compare({{"n", marker("abc")}}, {{"n", marker("abd")}}).size(), 2U);
}

TEST(Dump, OrdersElementsButNotRules) {
  const auto elements = [](const std::string& list) {
    return with_ruleset(R"({"map": {"name": "marks", "elem": )" + list + "}}");
  };
  EXPECT_THAT(compare({{"n", elements(R"(["a", "b"])")}}, {{"n", elements(R"(["b", "a"])")}}),
              IsEmpty());
  const auto rules = [](const std::string& first, const std::string& second) {
    return with_ruleset(R"({"rule": {"table": "t", "chain": "c", "expr": [")" + first +
                        R"("]}}, {"rule": {"table": "t", "chain": "c", "expr": [")" + second +
                        R"("]}})");
  };
  EXPECT_EQ(compare({{"n", rules("a", "b")}}, {{"n", rules("b", "a")}}).size(), 4U);
}

TEST(Dump, ReadsBothFamiliesOfRoutes) {
  Listing listing = empty_listing();
  listing.routes = "[{\"dst\":\"10.0.0.0/8\"}]\n[{\"dst\":\"fe80::/64\"}]\n";
  EXPECT_THAT(normalised({{"n", listing}}).value().at("n"),
              ElementsAre(HasSubstr("10.0.0.0/8"), HasSubstr("fe80::/64")));
}

TEST(Dump, SeesAMissingNamespace) {
  Listing listing = empty_listing();
  listing.plain = "listens tcp 0.0.0.0:443\n";
  EXPECT_THAT(compare({{"n", listing}}, {}), ElementsAre(HasSubstr("n only")));
}

TEST(Dump, RefusesWhatIsNoListing) {
  Listing listing = empty_listing();
  listing.links = "Cannot find device";
  EXPECT_FALSE(normalised({{"n", listing}}).ok());
}

}  // namespace
}  // namespace egress::oracle
