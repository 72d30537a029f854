// SPDX-License-Identifier: MIT
#include "settings/bird_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/values.hpp"

namespace egress::settings {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing_support::ip;
using testing_support::prefix;

const Bird kBird{.address = ip("10.0.255.30"),
                 .asn = 65515,
                 .told = {prefix("10.0.0.0/16"), prefix("10.1.0.0/16")},
                 .sessions = {{70012, ip("192.168.10.1"), 65010}}};

TEST(BirdText, HasATableForEachSessionWhichGetsWhatTheNeighbourSays) {
  const std::string text = to_text(kBird);
  EXPECT_THAT(text, HasSubstr(R"(router id 10.0.255.30;)"));
  EXPECT_THAT(text, HasSubstr(R"(
protocol kernel kernel70012 {
  kernel table 70012;
  ipv4 { table learned70012; import none; export where source = RTS_BGP; };
}
protocol bgp session70012 {
  local 10.0.255.30 as 65515;
  neighbor 192.168.10.1 as 65010;
  multihop;
)"));
}

TEST(BirdText, TellsThePrefixesAndNothingElse) {
  const std::string text = to_text(kBird);
  EXPECT_THAT(text, HasSubstr(R"(
protocol static told70012 {
  ipv4 { table learned70012; };
  route 10.0.0.0/16 blackhole;
  route 10.1.0.0/16 blackhole;
}
)"));
  EXPECT_THAT(text, HasSubstr("export where source = RTS_STATIC;"));
}

TEST(BirdText, TakesNothingThatNoNetworkHolds) {
  EXPECT_THAT(to_text(kBird), HasSubstr("if net ~ [0.0.0.0/8+, 127.0.0.0/8+, 169.254.0.0/16+, "
                                        "224.0.0.0/4+, 240.0.0.0/4+] then reject;"));
  EXPECT_THAT(to_text(kBird), HasSubstr("import limit 4000 action restart;"));
}

TEST(BirdText, IsOneOfNoSessionsWithoutNeighbours) {
  EXPECT_THAT(to_text(Bird{.address = ip("10.0.255.30"), .asn = 65515}), Not(HasSubstr("bgp")));
}

constexpr const char* kAnswer =
    "2002-Name       Proto      Table      State  Since         Info\n"
    "1002-device1    Device     ---        up     14:40:42.931  \n"
    " told70000  Static     learned70000 up     14:40:42.931  \n"
    " kernel70000 Kernel     learned70000 up     14:40:42.931  \n"
    " session70000 BGP        ---        up     14:40:43.804  Established   \n"
    " session70001 BGP        ---        start  2026-11-27    Active        Socket: refused\n"
    " session70002 BGP        ---        up     2026-11-27    Established   \n"
    " sessionx BGP        ---        up     2026-11-27    Established   \n"
    "0000 \n";

TEST(BirdSessions, AreThoseThatAreUp) {
  const auto up = parse_sessions_up(kAnswer);
  ASSERT_TRUE(up.ok()) << up.error().to_string();
  EXPECT_THAT(*up, ElementsAre(70000U, 70002U));
  EXPECT_THAT(*parse_sessions_up("0000 \n"), IsEmpty());
}

TEST(BirdSessions, AreNotReadFromWhatIsNoWholeAnswer) {
  const std::string answer = kAnswer;
  for (const std::string& text :
       {std::string(), std::string("9001 syntax error\n"), answer.substr(0, answer.size() - 6)}) {
    const auto up = parse_sessions_up(text);
    ASSERT_FALSE(up.ok()) << text;
    EXPECT_EQ(up.error().code, Errc::kInvalid);
  }
}

}  // namespace
}  // namespace egress::settings
