// SPDX-License-Identifier: MIT
#include "settings/dns_settings_text.hpp"

#include <gtest/gtest.h>

#include "tests/support/values.hpp"

namespace egress::settings {
namespace {

using testing_support::ip;

const AppResolver kApp{.servers = {ip("10.0.2.4"), ip("168.63.129.16")},
                       .attempts = 3,
                       .timeout_seconds = 2,
                       .cache_seconds = 30};

ServerResolver every_type() {
  lab::RecordSet all{.ttl = 60,
                     .a = {ip("10.0.0.4"), ip("10.0.0.3")},
                     .aaaa = {*Ipv6Address::parse("2001:db8::1")},
                     .txt = {"one \"text\"", ""},
                     .ptr = {"a.example"},
                     .mx = {{10, "mail.example"}},
                     .srv = {{1, 2, 5'060, "sip.example"}}};
  lab::RecordSet alias;
  alias.cname = "a.example";
  return {.address = ip("10.0.2.4"),
          .server = {.forward_to = {ip("168.63.129.16")},
                     .record_sets = {{"a.example", all},
                                     {"*.b.example", alias},
                                     {"empty.example", {.ttl = 5}}}},
          .in_internet = true};
}

TEST(DnsSettingsText, SaysTheRoleAndWhatItNeeds) {
  EXPECT_EQ(to_text(kApp), R"({"role":"app","servers":["10.0.2.4","168.63.129.16"],"attempts":3,)"
                           R"("timeoutSeconds":2,"cacheSeconds":30})");
  EXPECT_EQ(to_text(PlatformResolver{}), R"({"role":"platform"})");
  EXPECT_EQ(to_text(PlatformResolver{.vnet = "spoke"}),
            R"({"role":"platform","virtualNetwork":"spoke"})");
  EXPECT_EQ(to_text(every_type()),
            R"({"role":"server","address":"10.0.2.4","forwardTo":["168.63.129.16"],"recordSets":)"
            R"("*.b.example 3600 CNAME a.example\n)"
            R"(a.example 60 A 10.0.0.4\na.example 60 A 10.0.0.3\na.example 60 AAAA 2001:db8::1\n)"
            R"(a.example 60 TXT \"one \\\"text\\\"\"\na.example 60 TXT \"\"\n)"
            R"(a.example 60 PTR a.example\na.example 60 MX 10 mail.example\n)"
            R"(a.example 60 SRV 1 2 5060 sip.example\nempty.example 5\n","inInternet":true})");
}

TEST(DnsSettingsText, ReadsWhatItWrote) {
  for (const DnsRole& role : {DnsRole(kApp), DnsRole(AppResolver{}), DnsRole(PlatformResolver{}),
                              DnsRole(PlatformResolver{.vnet = "spoke"}), DnsRole(ServerResolver{}),
                              DnsRole(every_type())}) {
    const auto read = parse_dns_role(to_text(role));
    ASSERT_TRUE(read.ok()) << read.error().to_string();
    EXPECT_EQ(*read, role);
  }
}

TEST(DnsSettingsText, RefusesWhatIsNoSettingsOfAResolver) {
  for (const char* text :
       {"", "[]", "{}", R"({"role":"master"})", R"({"role":"app"})",
        R"({"role":"app","servers":["10.0.0"],"attempts":1,"timeoutSeconds":1,"cacheSeconds":0})",
        R"({"role":"app","servers":[7],"attempts":1,"timeoutSeconds":1,"cacheSeconds":0})",
        R"({"role":"platform","virtualNetwork":1})", R"({"role":"platform"} more)",
        R"({"role":"server","address":"10.0.2.4","forwardTo":[],"recordSets":["a"],)"
        R"("inInternet":false})"}) {
    const auto read = parse_dns_role(text);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_EQ(read.error().code, Errc::kInvalid) << text;
  }
}

TEST(DnsSettingsText, RefusesRecordsThatAreNone) {
  for (const char* line :
       {"a", "a A 10.0.0.4", "a 60 B x", "a 60 A 10.0.0", "a 60 AAAA 10.0.0.4", "a 60 TXT text",
        "a 60 TXT 7", "a 60 MX mail", "a 60 SRV 1 2 sip", "a 99999999999", "\n"}) {
    std::string text = to_text(ServerResolver{});
    const std::string none = R"("recordSets":"")";
    text.replace(
        text.find(none), none.size(),
        R"("recordSets":")" + std::string(line == std::string("\n") ? "\\n" : line) + "\"");
    EXPECT_FALSE(parse_dns_role(text).ok()) << text;
  }
}

}  // namespace
}  // namespace egress::settings
