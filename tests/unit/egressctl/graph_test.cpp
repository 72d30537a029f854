// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "egressctl/render/render.hpp"

namespace egress::ctl {
namespace {

using ::testing::HasSubstr;

Json graph() {
  return Json::parse(R"json({"nodes": [
    {"id": "virtualNetwork/spoke", "kind": "virtualNetwork", "name": "spoke", "parent": null,
     "detail": "10.1.0.0/16"},
    {"id": "subnet/spoke/apps", "kind": "subnet", "name": "apps", "parent": "virtualNetwork/spoke",
     "detail": null},
    {"id": "site/we\"b#1", "kind": "site", "name": "we\"b#1", "parent": "serverFarm/unknown",
     "detail": null}],
    "edges": [{"from": "site/we\"b#1", "to": "subnet/spoke/apps", "kind": "integration",
               "detail": null}]})json");
}

TEST(RenderDot, PutsContainedNodesIntoClustersWithANodeThatStandsForEach) {
  const std::string text = render_dot(graph());
  EXPECT_THAT(text, HasSubstr("  subgraph cluster_n0 {\n"
                              "    n0 [label=\"virtualNetwork spoke\\n10.1.0.0/16\", "
                              "shape=plaintext];\n"
                              "    n1 [label=\"subnet apps\"];\n"
                              "  }\n"));
  EXPECT_THAT(text, HasSubstr("  n2 -> n1 [label=\"integration\"];\n"));
}

TEST(RenderDot, EscapesQuotes) {
  EXPECT_THAT(render_dot(graph()), HasSubstr(R"([label="site we\"b#1"])"));
}

TEST(RenderMermaid, WritesSubgraphsAndEscapesWhatItsParserTakesForSyntax) {
  EXPECT_EQ(render_mermaid(graph()),
            "flowchart LR\n"
            "  subgraph n0[\"virtualNetwork spoke<br/>10.1.0.0/16\"]\n"
            "    n1[\"subnet apps\"]\n"
            "  end\n"
            "  n2[\"site we#quot;b#35;1\"]\n"
            "  n2 -->|\"integration\"| n1\n");
}

TEST(RenderGraph, IndentsWhatIsContained) {
  EXPECT_EQ(render_graph(graph(), {}),
            "Resource              Detail       Leads to\n"
            "--------------------  -----------  -------------------------------\n"
            "virtualNetwork spoke  10.1.0.0/16\n"
            "  subnet apps\n"
            "site we\"b#1                        subnet/spoke/apps (integration)\n");
}

}  // namespace
}  // namespace egress::ctl
