// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "egressctl/render/render.hpp"

namespace egress::ctl {
namespace {

using ::testing::HasSubstr;

const Screen kTerminal{.interactive = true};
const Source kSource{"a.yaml", "sites:\n  größe: {serverFarms: plan}\n"};

Json finding_at(int line, int column) {
  return Json::array({{{"severity", "error"},
                       {"file", "a.yaml"},
                       {"line", line},
                       {"column", column},
                       {"text", "a.yaml:2:11: error: unknown key"}}});
}

TEST(Findings, ShowTheirPlaceWithoutColoursWhenPiped) {
  EXPECT_EQ(render_findings(finding_at(2, 11), kSource, {}),
            "a.yaml:2:11: error: unknown key\n"
            "    größe: {serverFarms: plan}\n"
            "            ^\n");
}

TEST(Findings, ShowTheirPlaceOnATerminal) {
  EXPECT_THAT(render_findings(finding_at(2, 11), kSource, kTerminal),
              HasSubstr("\n    größe: {serverFarms: plan}\n"
                        "            \033[32m^\033[0m\n"));
}

TEST(Findings, ShowNoExcerptForAPlaceTheSourceDoesNotHave) {
  for (const Json& findings : {finding_at(0, 0), finding_at(9, 1)}) {
    EXPECT_EQ(render_findings(findings, kSource, kTerminal),
              "\033[31ma.yaml:2:11: error: unknown key\033[0m\n");
  }
  EXPECT_EQ(render_findings(finding_at(2, 11), {"b.yaml", kSource.text}, kTerminal),
            "\033[31ma.yaml:2:11: error: unknown key\033[0m\n");
}

}  // namespace
}  // namespace egress::ctl
