// SPDX-License-Identifier: MIT
#include "policy/names.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/support/values.hpp"

namespace egress::policy::test {
namespace {

using testing::ElementsAre;
using testing_support::ip;

constexpr const char* kPublicName = "sql.database.windows.net";
constexpr const char* kPrivatelinkName = "sql.privatelink.database.windows.net";
constexpr uint32_t kHub = 0;
constexpr uint32_t kSpoke = 1;

lab::RecordSet address(const std::string& text) {
  return {.a = {ip(text)}};
}
lab::RecordSet alias(const std::string& target) {
  return {.cname = target};
}

Names::Zone zone(const std::string& name, Names::Sets sets) {
  return {.key = name,
          .name = name,
          .privatelink = name.starts_with("privatelink"),
          .sets = std::move(sets)};
}

// Two networks, nothing linked, and a server whose public name is an alias.
Names names_with(std::vector<Names::Zone> zones) {
  return {.zones = std::move(zones),
          .views = {{.vnet = "hub"}, {.vnet = "spoke"}},
          .public_sets = {{kPublicName, alias(kPrivatelinkName)},
                          {kPrivatelinkName, address("52.236.184.163")}}};
}

// "CNAME sql.… A 10.1.3.4 by ZONE/LINK", "no data by …", "NXDOMAIN by …", "forwards NAME".
std::string text_of(const NameAnswer& got) {
  std::string text;
  for (const Record& record : got.records) {
    text += fmt::format("{} {} ", to_text(record.type), data_text(record));
  }
  switch (got.status) {
    case NameStatus::kForward: return text + "forwards " + got.forwarded;
    case NameStatus::kNxDomain: text += "NXDOMAIN "; break;
    case NameStatus::kServfail: text += "SERVFAIL "; break;
    case NameStatus::kRefused: text += "REFUSED "; break;
    case NameStatus::kNoError:
      if (got.decided_by.kind != AnswerSource::Kind::kForwarded && got.negative_ttl != 0) {
        text += "no data ";
      }
  }
  return text + "by " + got.decided_by.to_string();
}

std::string ask(const Names& names, std::optional<uint32_t> view, const std::string& name,
                RecordType type = RecordType::kA) {
  return text_of(answer(names, view, name, type));
}

Names with_linked_database_zone(Names::Sets sets, bool redirect = false) {
  Names names = names_with({zone("privatelink.database.windows.net", std::move(sets))});
  names.views[kSpoke].links = {{.zone = 0, .redirect = redirect}};
  return names;
}

TEST(Names, ALinkedZoneAnswersForItsNetworkAlone) {
  const Names names = with_linked_database_zone({{kPrivatelinkName, address("10.1.3.4")}});
  const std::string beginning = fmt::format("CNAME {} A ", kPrivatelinkName);
  EXPECT_EQ(ask(names, kSpoke, kPublicName),
            beginning + "10.1.3.4 by privatelink.database.windows.net/spoke");
  EXPECT_EQ(ask(names, kHub, kPublicName), beginning + "52.236.184.163 by publicDns");
  EXPECT_EQ(ask(names, std::nullopt, kPublicName), beginning + "52.236.184.163 by publicDns");
}

TEST(Names, ALinkedZoneWithoutTheRecordSaysNxDomain) {
  const NameAnswer got = answer(with_linked_database_zone({}), kSpoke, kPublicName, RecordType::kA);
  EXPECT_EQ(text_of(got), fmt::format("CNAME {} NXDOMAIN by privatelink.database.windows.net/spoke",
                                      kPrivatelinkName));
  EXPECT_EQ(got.negative_zone, "privatelink.database.windows.net");
  EXPECT_EQ(got.negative_ttl, 10U);
}

TEST(Names, NxDomainRedirectAsksPublicDnsForAddressesOnly) {
  const Names names = with_linked_database_zone({}, true);
  const NameAnswer got = answer(names, kSpoke, kPublicName, RecordType::kA);
  EXPECT_EQ(text_of(got), fmt::format("CNAME {} A 52.236.184.163 by publicDns", kPrivatelinkName));
  EXPECT_TRUE(got.redirected);
  EXPECT_EQ(ask(names, kSpoke, kPrivatelinkName, RecordType::kAaaa), "no data by publicDns");
  EXPECT_EQ(ask(names, kSpoke, kPrivatelinkName, RecordType::kTxt),
            "NXDOMAIN by privatelink.database.windows.net/spoke");
}

TEST(Names, NxDomainRedirectIsOfPrivatelinkZonesAlone) {
  Names names = names_with({zone("database.windows.net", {})});
  names.views[kSpoke].links = {{.zone = 0, .redirect = true}};
  EXPECT_EQ(ask(names, kSpoke, kPublicName), "NXDOMAIN by database.windows.net/spoke");
}

TEST(Names, TheLongestZoneAnswersAlone) {
  Names names = names_with({zone("internal", {{"db.corp.internal", address("10.0.0.9")}}),
                            zone("corp.internal", {{"web.corp.internal", address("10.0.0.4")}})});
  names.views[kHub].links = {{.zone = 1}, {.zone = 0}};
  EXPECT_EQ(ask(names, kHub, "web.corp.internal"), "A 10.0.0.4 by corp.internal/hub");
  EXPECT_EQ(ask(names, kHub, "db.corp.internal"), "NXDOMAIN by corp.internal/hub");
  EXPECT_EQ(ask(names, kHub, "db.othercorp.internal"), "NXDOMAIN by internal/hub");
}

TEST(Names, TwoZonesOfOneNameAnswerTheirOwnNetworks) {
  Names names = names_with({zone("corp.internal", {{"db.corp.internal", address("10.0.0.4")}}),
                            zone("corp.internal", {{"db.corp.internal", address("10.1.0.4")}})});
  names.zones[1].key = "corp-of-spoke";
  names.views[kHub].links = {{.zone = 0}};
  names.views[kSpoke].links = {{.zone = 1}};
  EXPECT_EQ(ask(names, kHub, "db.corp.internal"), "A 10.0.0.4 by corp.internal/hub");
  EXPECT_EQ(ask(names, kSpoke, "db.corp.internal"), "A 10.1.0.4 by corp-of-spoke/spoke");
}

TEST(Names, AliasesLeadFromZoneToZoneAndOutOfThem) {
  Names names = names_with({zone("corp.internal", {{"db.corp.internal", alias("db.other.test")},
                                                   {"out.corp.internal", alias(kPublicName)}}),
                            zone("other.test", {{"db.other.test", address("10.0.0.4")}})});
  names.views[kHub].links = {{.zone = 0}, {.zone = 1}};
  EXPECT_EQ(ask(names, kHub, "db.corp.internal"),
            "CNAME db.other.test A 10.0.0.4 by other.test/hub");
  EXPECT_EQ(ask(names, kHub, "out.corp.internal"),
            fmt::format("CNAME {} CNAME {} A 52.236.184.163 by publicDns", kPublicName,
                        kPrivatelinkName));
  EXPECT_EQ(ask(names, kHub, "db.corp.internal", RecordType::kCname),
            "CNAME db.other.test by corp.internal/hub");
}

TEST(Names, AliasesThatMeetThemselvesFail) {
  Names names = names_with({});
  names.public_sets = {{"a.test", alias("b.test")}, {"b.test", alias("a.test")}};
  EXPECT_EQ(ask(names, std::nullopt, "a.test"), "SERVFAIL by publicDns");
}

TEST(Names, SixteenAliasesAreFollowedAndNoMore) {
  Names names = names_with({});
  for (int i = 0; i < 17; ++i) {
    names.public_sets[fmt::format("a{}.test", i)] = alias(fmt::format("a{}.test", i + 1));
  }
  names.public_sets["a17.test"] = address("203.0.113.1");
  const NameAnswer got = answer(names, std::nullopt, "a1.test", RecordType::kA);
  EXPECT_EQ(got.status, NameStatus::kNoError);
  EXPECT_EQ(got.records.size(), 17U);
  EXPECT_EQ(ask(names, std::nullopt, "a0.test"), "SERVFAIL by publicDns");
}

TEST(Names, WildcardsAnswerForWhatIsNotThere) {
  Names names = names_with({zone("corp.internal", {{"*.corp.internal", address("10.0.0.1")},
                                                   {"*.dev.corp.internal", address("10.0.0.2")},
                                                   {"web.prod.corp.internal", address("10.0.0.3")},
                                                   {"text.corp.internal", {.txt = {"t"}}}})});
  names.views[kHub].links = {{.zone = 0}};
  struct Case {
    const char* name;
    const char* answer;
  };
  for (const Case& each : {
           Case{"any.corp.internal", "A 10.0.0.1 by corp.internal/hub"},
           Case{"a.b.corp.internal", "A 10.0.0.1 by corp.internal/hub"},
           Case{"any.dev.corp.internal", "A 10.0.0.2 by corp.internal/hub"},
           // They exist, if without such records, and no wildcard stands for them.
           Case{"text.corp.internal", "no data by corp.internal/hub"},
           Case{"prod.corp.internal", "no data by corp.internal/hub"},
           Case{"dev.corp.internal", "no data by corp.internal/hub"},
           Case{"corp.internal", "no data by corp.internal/hub"},
           // Under an existing name only that name's own wildcard counts.
           Case{"any.prod.corp.internal", "NXDOMAIN by corp.internal/hub"},
           Case{"any.text.corp.internal", "NXDOMAIN by corp.internal/hub"},
       }) {
    EXPECT_EQ(ask(names, kHub, each.name), each.answer) << each.name;
  }
  EXPECT_EQ(answer(names, kHub, "any.corp.internal", RecordType::kA).records.at(0).name,
            "any.corp.internal");
}

TEST(Names, ASharedEndOfTextIsNoSharedZone) {
  Names names = names_with({zone("corp.internal", {{"xy.corp.internal", address("10.0.0.1")}})});
  names.views[kHub].links = {{.zone = 0}};
  EXPECT_EQ(ask(names, kHub, "ycorp.internal"), "NXDOMAIN by publicDns");
  EXPECT_EQ(ask(names, kHub, "y.corp.internal"), "NXDOMAIN by corp.internal/hub");
}

TEST(Names, EveryTypeIsAnsweredWithItsOwnRecords) {
  lab::RecordSet all{.ttl = 60,
                     .a = {ip("10.0.0.1"), ip("10.0.0.2")},
                     .aaaa = {*Ipv6Address::parse("fd00::1")},
                     .txt = {"v=spf1 -all", "a \"quote\""},
                     .ptr = {"web.corp.internal"},
                     .mx = {{10, "mail.corp.internal"}},
                     .srv = {{1, 2, 389, "ldap.corp.internal"}}};
  Names names = names_with({});
  names.public_sets["all.test"] = all;
  struct Case {
    const char* type;
    const char* answer;
  };
  for (const Case& each :
       {Case{"A", "A 10.0.0.1 A 10.0.0.2"}, Case{"aaaa", "AAAA fd00::1"},
        Case{"TXT", R"(TXT "v=spf1 -all" TXT "a \"quote\"")"}, Case{"PTR", "PTR web.corp.internal"},
        Case{"MX", "MX 10 mail.corp.internal"}, Case{"SRV", "SRV 1 2 389 ldap.corp.internal"},
        Case{"ANY", "HINFO \"RFC8482\""}, Case{"CNAME", "no data"}, Case{"SOA", "no data"},
        Case{"TYPE65", "no data"}}) {
    EXPECT_EQ(ask(names, std::nullopt, "all.test", *record_type(each.type)),
              fmt::format("{} by publicDns", each.answer));
  }
  EXPECT_EQ(answer(names, std::nullopt, "all.test", RecordType::kA).records.at(0).ttl, 60U);
}

TEST(Names, APrivateZoneSaysWhereItBegins) {
  Names names = names_with({zone("corp.internal", {})});
  names.views[kHub].links = {{.zone = 0}};
  EXPECT_EQ(ask(names, kHub, "corp.internal", RecordType::kSoa),
            "SOA azureprivatedns.net by corp.internal/hub");
  EXPECT_EQ(ask(names, kHub, "corp.internal", RecordType::kNs),
            "NS azureprivatedns.net by corp.internal/hub");
}

TEST(Names, WhatAzureProvidesIsOfItsNetworkAndGivesWayToZones) {
  Names names = names_with({zone("internal.cloudapp.net", {})});
  names.views[kHub].provided = {{"vm.internal.cloudapp.net", address("10.0.0.4")},
                                {"4.0.0.10.in-addr.arpa", {.ptr = {"vm.internal.cloudapp.net"}}}};
  EXPECT_EQ(ask(names, kHub, "vm.internal.cloudapp.net"), "A 10.0.0.4 by azureProvided/hub");
  EXPECT_EQ(ask(names, kHub, "4.0.0.10.in-addr.arpa", RecordType::kPtr),
            "PTR vm.internal.cloudapp.net by azureProvided/hub");
  EXPECT_EQ(ask(names, kSpoke, "vm.internal.cloudapp.net"), "NXDOMAIN by publicDns");
  names.views[kHub].links = {{.zone = 0}};
  EXPECT_EQ(ask(names, kHub, "vm.internal.cloudapp.net"), "NXDOMAIN by internal.cloudapp.net/hub");
}

TEST(Names, RealServersAreAskedForWhatNothingKnows) {
  Names names = names_with({zone("corp.internal", {{"out.corp.internal", alias("example.com")}})});
  names.views[kHub].links = {{.zone = 0}};
  names.public_sets["api.example.com"] = address("203.0.113.80");
  names.forward_to = {ip("9.9.9.9")};
  EXPECT_EQ(ask(names, kHub, "example.com"), "forwards example.com");
  EXPECT_EQ(ask(names, kHub, "out.corp.internal"), "CNAME example.com forwards example.com");
  EXPECT_EQ(ask(names, kHub, "no.corp.internal"), "NXDOMAIN by corp.internal/hub");
  // A name that the lab declares is the lab's, whatever the type.
  EXPECT_EQ(ask(names, kHub, "api.example.com", RecordType::kAaaa), "no data by publicDns");
  names.forward_to = {};
  EXPECT_EQ(ask(names, kHub, "example.com"), "no data by publicDns");
}

TEST(Names, NegativePublicAnswersComeFromTheRoot) {
  const NameAnswer got = answer(names_with({}), kHub, "no.such.name", RecordType::kA);
  EXPECT_EQ(got.status, NameStatus::kNxDomain);
  EXPECT_EQ(got.negative_zone, "");
  EXPECT_EQ(got.negative_ttl, 60U);
}

TEST(Names, AServerOfTheLabsOwnAsksOthersForWhatItDoesNotHave) {
  const Names::Sets own = sets_of({{"DB.corp.internal", address("10.0.0.4")},
                                   {"www.corp.internal", alias("db.corp.internal")},
                                   {"out.corp.internal", alias("example.com")},
                                   {"*.apps.corp.internal", address("10.0.0.5")}});
  const auto said = [&](const std::string& name, RecordType type = RecordType::kA) {
    return text_of(answer_from(own, "resolver", name, type));
  };
  EXPECT_EQ(said("www.corp.internal"), "CNAME db.corp.internal A 10.0.0.4 by hosts/resolver");
  EXPECT_EQ(said("web.apps.corp.internal"), "A 10.0.0.5 by hosts/resolver");
  EXPECT_EQ(said("db.corp.internal", RecordType::kAaaa), "no data by hosts/resolver");
  EXPECT_EQ(said("out.corp.internal"), "CNAME example.com forwards example.com");
  EXPECT_EQ(said("corp.internal"), "forwards corp.internal");
}

TEST(RecordType, HasANameOrItsNumber) {
  for (const char* name :
       {"A", "NS", "CNAME", "SOA", "PTR", "HINFO", "MX", "TXT", "AAAA", "SRV", "ANY", "TYPE65"}) {
    const auto type = record_type(name);
    ASSERT_TRUE(type) << name;
    EXPECT_EQ(to_text(*type), name);
  }
  EXPECT_EQ(record_type("type1"), RecordType::kA);
  for (const char* name : {"", "B", "TYPE", "TYPE65536", "TYPE-1"}) {
    EXPECT_FALSE(record_type(name)) << name;
  }
}

}  // namespace
}  // namespace egress::policy::test
