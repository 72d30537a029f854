// SPDX-License-Identifier: MIT
#include "settings/names_text.hpp"

#include <gtest/gtest.h>

#include "tests/support/values.hpp"

namespace egress::settings {
namespace {

using policy::Names;
using testing_support::ip;

lab::RecordSet set_of(const char* address) {
  lab::RecordSet set{.ttl = 10};
  set.a = {ip(address)};
  return set;
}

const Names kNames{
    .zones = {{.key = "corp",
               .name = "corp.internal",
               .sets = {{"db.corp.internal", set_of("10.0.0.4")}}},
              {.key = "privatelink.database.windows.net",
               .name = "privatelink.database.windows.net",
               .privatelink = true}},
    .views = {{.vnet = "hub", .links = {{.zone = 1, .redirect = true}, {.zone = 0}}},
              {.vnet = "spoke", .provided = {{"vm.internal.cloudapp.net", set_of("10.1.0.4")}}}},
    .public_sets = {{"www.example.com", set_of("203.0.113.7")}},
    .forward_to = {ip("9.9.9.9")}};

TEST(NamesText, HoldsZonesViewsAndPublicNames) {
  EXPECT_EQ(to_text(kNames),
            R"({"zones":[{"key":"corp","name":"corp.internal","privatelink":false,)"
            R"("recordSets":"db.corp.internal 10 A 10.0.0.4\n"},)"
            R"({"key":"privatelink.database.windows.net",)"
            R"("name":"privatelink.database.windows.net","privatelink":true,"recordSets":""}],)"
            R"("views":[{"virtualNetwork":"hub","links":[{"zone":1,"redirect":true},)"
            R"({"zone":0,"redirect":false}],"provided":""},)"
            R"({"virtualNetwork":"spoke","links":[],"provided":)"
            R"("vm.internal.cloudapp.net 10 A 10.1.0.4\n"}],)"
            R"("publicDns":"www.example.com 10 A 203.0.113.7\n",)"
            R"("forwardTo":["9.9.9.9"]})");
}

TEST(NamesText, ReadsWhatItWrote) {
  for (const Names& names : {kNames, Names{}}) {
    const auto read = parse_names(to_text(names));
    ASSERT_TRUE(read.ok()) << read.error().to_string();
    EXPECT_EQ(*read, names);
  }
}

TEST(NamesText, RefusesWhatIsNoNamesOfALab) {
  for (const char* text :
       {"", "[]", "{}", R"({"zones":[],"views":[],"publicDns":""})",
        R"({"zones":[{}],"views":[],"publicDns":"","forwardTo":[]})",
        R"({"zones":[],"views":[],"publicDns":"","forwardTo":["::1"]})",
        R"({"zones":[],"views":[{"virtualNetwork":"hub","links":[{"zone":0,"redirect":false}],)"
        R"("provided":""}],"publicDns":"","forwardTo":[]})"}) {
    const auto read = parse_names(text);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_EQ(read.error().code, Errc::kInvalid) << text;
  }
}

}  // namespace
}  // namespace egress::settings
