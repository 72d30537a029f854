// SPDX-License-Identifier: MIT
#include "lab/yaml_text.hpp"

#include <gtest/gtest.h>

namespace egress::lab {
namespace {

TEST(YamlText, QuotesWhatWouldReadBackAsSomethingElse) {
  const Document json = {{"a", "true"},      {"b", true},    {"c", "1.5"},
                         {"d", 1.5},         {"e", nullptr}, {"f", "null"},
                         {"g", ""},          {"h", "no"},    {"i", Document::array()},
                         {"j", "10.0.0.0/8"}};
  EXPECT_EQ(yaml_text(json),
            "a: \"true\"\nb: true\nc: \"1.5\"\nd: 1.5\ne: null\nf: \"null\"\ng: \"\"\nh: \"no\"\n"
            "i: []\nj: 10.0.0.0/8\n");
}

}  // namespace
}  // namespace egress::lab
