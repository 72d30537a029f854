// SPDX-License-Identifier: MIT
#include "policy/real_servers.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/values.hpp"

namespace egress::policy::test {
namespace {

using testing_support::ip;

constexpr uint32_t kLinked = 0;
constexpr uint32_t kPlain = 1;

Record alias(const std::string& name, const std::string& target) {
  return {.name = name, .type = RecordType::kCname, .data = target};
}
Record address(const std::string& name) {
  return {.name = name, .type = RecordType::kA, .data = ip("203.0.113.9")};
}

// A zone that one of two networks is linked with, and a public name of the lab's own.
Names names() {
  Names::Zone zone{.key = "zone", .name = "privatelink.example", .privatelink = true};
  zone.sets["sql.privatelink.example"] = {.a = {ip("10.0.0.9")}};
  zone.sets["out.privatelink.example"] = {.cname = "real.example"};
  return {
      .zones = {zone},
      .views = {{.vnet = "linked", .links = {{.zone = 0, .redirect = true}}}, {.vnet = "plain"}},
      .public_sets = {{"www.lab.example", {.a = {ip("203.0.113.80")}}}},
      .forward_to = {ip("9.9.9.9")}};
}

// What comes of it when real servers, asked for first.example, give `said`: the records, and the
// name that they are asked for next.
std::string led(const std::vector<Record>& said, uint32_t view = kLinked,
                RecordType type = RecordType::kA) {
  const NameAnswer asked{.status = NameStatus::kForward,
                         .records = {alias("in.zone", "first.example")},
                         .forwarded = "first.example"};
  const auto back = led_back(asked, type, said, [&](const std::string& name) {
    return answer(names(), view, name, type);
  });
  if (!back) return "as it stands";
  if (back->status == NameStatus::kServfail) return "SERVFAIL";
  std::string text;
  for (const Record& record : back->records) text += data_text(record) + " ";
  return text + (back->status == NameStatus::kForward ? "asks " + back->forwarded
                                                      : "by " + back->decided_by.to_string());
}

TEST(RealServers, LeadBackToWhatTheLabKnowsByTheirAliases) {
  EXPECT_EQ(
      led({alias("first.example", "sql.privatelink.example"), address("sql.privatelink.example")}),
      "first.example sql.privatelink.example 10.0.0.9 by zone/linked");
  EXPECT_EQ(led({alias("first.example", "next.example"),
                 alias("next.example", "sql.privatelink.example")}),
            "first.example next.example sql.privatelink.example 10.0.0.9 by zone/linked");
  EXPECT_EQ(led({alias("first.example", "www.lab.example"), address("www.lab.example")}),
            "first.example www.lab.example 203.0.113.80 by publicDns");
  EXPECT_EQ(led({alias("first.example", "out.privatelink.example")}),
            "first.example out.privatelink.example real.example asks real.example");
}

TEST(RealServers, AreBelievedWhereTheLabKnowsNothing) {
  const std::vector<Record> into_zone = {alias("first.example", "sql.privatelink.example"),
                                         address("sql.privatelink.example")};
  EXPECT_EQ(led({alias("first.example", "end.example"), address("end.example")}), "as it stands");
  EXPECT_EQ(led({address("first.example")}), "as it stands");
  EXPECT_EQ(led({}), "as it stands");
  EXPECT_EQ(led(into_zone, kPlain), "as it stands");
  EXPECT_EQ(led(into_zone, kLinked, RecordType::kCname), "as it stands");
  // The link redirects what its zone lacks.
  EXPECT_EQ(led({alias("first.example", "none.privatelink.example"),
                 address("none.privatelink.example")}),
            "as it stands");
}

TEST(RealServers, EndInAFailureOrNowhereWhereAliasesHaveNoEnd) {
  EXPECT_EQ(led({alias("first.example", "x.example"), alias("x.example", "first.example")}),
            "as it stands");
  std::vector<Record> many = {alias("first.example", "0.example")};
  for (int step = 0; step < 20; ++step) {
    many.push_back(alias(std::to_string(step) + ".example", std::to_string(step + 1) + ".example"));
  }
  EXPECT_EQ(led(many), "SERVFAIL");
}

}  // namespace
}  // namespace egress::policy::test
