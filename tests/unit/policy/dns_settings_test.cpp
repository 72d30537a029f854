// SPDX-License-Identifier: MIT
#include "policy/dns_settings.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/support/values.hpp"

namespace egress::policy::test {
namespace {

using testing::ElementsAre;
using testing_support::ip;

lab::Site integrated() {
  lab::Site site;
  site.virtual_network_subnet = lab::SubnetRef{"spoke", "integration"};
  return site;
}

// "10.0.0.4 10.0.0.5 by virtualNetworks.spoke.dnsServers".
std::string servers(const lab::Site& site, const std::vector<Ipv4Address>& of_network = {}) {
  const DnsSettings settings = dns_settings(site, {}, of_network);
  std::string text;
  for (const Ipv4Address server : settings.servers) text += server.to_string() + " ";
  return text + "by " + settings.decided_by;
}

// "5 x 1 s, kept 0 s".
std::string numbers(const lab::Site& site, const lab::ServerFarm& plan = {}) {
  const DnsSettings settings = dns_settings(site, plan, {});
  return fmt::format("{} x {} s, kept {} s", settings.attempts, settings.timeout_seconds,
                     settings.cache_seconds);
}

TEST(DnsSettings, ComeFromThePropertyThenTheAppSettingThenTheNetwork) {
  lab::Site site = integrated();
  const std::vector<Ipv4Address> network{ip("10.0.0.4"), ip("10.0.0.5")};
  EXPECT_EQ(servers(site), "168.63.129.16 by Azure DNS");
  EXPECT_EQ(servers(site, network), "10.0.0.4 10.0.0.5 by virtualNetworks.spoke.dnsServers");
  site.app_settings["WEBSITE_DNS_SERVER"] = "10.0.1.4, 10.0.1.5";
  EXPECT_EQ(servers(site, network), "10.0.1.4 10.0.1.5 by WEBSITE_DNS_SERVER");
  site.dns_configuration = lab::DnsConfiguration{.dns_servers = {ip("10.0.2.4")}};
  EXPECT_EQ(servers(site, network), "10.0.2.4 by dnsConfiguration.dnsServers");
}

TEST(DnsSettings, OfAnAppWithoutIntegrationAreAzureDnsWhateverItSays) {
  lab::Site site;
  site.app_settings = {{"WEBSITE_DNS_SERVER", "10.0.1.4"}, {"WEBSITE_DNS_ALT_SERVER", "10.0.1.5"}};
  site.dns_configuration = lab::DnsConfiguration{.dns_servers = {ip("10.0.2.4")}};
  EXPECT_EQ(servers(site), "168.63.129.16 by Azure DNS");
  EXPECT_THAT(dns_settings(site, {}, {}).note,
              testing::HasSubstr("no virtual network integration"));
  EXPECT_EQ(dns_settings({}, {}, {}).note, "");
  EXPECT_EQ(dns_settings(integrated(), {}, {}).note, "");
}

TEST(DnsSettings, AppendTheAlternativeServerToWhicheverListCounts) {
  lab::Site site = integrated();
  site.app_settings["WEBSITE_DNS_ALT_SERVER"] = "10.0.3.4";
  EXPECT_EQ(servers(site), "168.63.129.16 10.0.3.4 by Azure DNS");
  EXPECT_EQ(servers(site, {ip("10.0.0.4")}),
            "10.0.0.4 10.0.3.4 by virtualNetworks.spoke.dnsServers");
  EXPECT_EQ(servers(site, {ip("10.0.3.4"), ip("10.0.0.4")}),
            "10.0.3.4 10.0.0.4 by virtualNetworks.spoke.dnsServers");
  site.dns_configuration = lab::DnsConfiguration{.dns_alt_server = ip("10.0.4.4")};
  EXPECT_EQ(servers(site), "168.63.129.16 10.0.4.4 by Azure DNS");
}

TEST(DnsSettings, ThatAreNoAddressesCountAsAbsent) {
  for (const char* text : {"", "dns.corp.internal", "10.0.0.4,", "10.0.0.4,,10.0.0.5", "fd00::1",
                           "10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4,10.0.0.5,10.0.0.6"}) {
    lab::Site site = integrated();
    site.app_settings = {{"WEBSITE_DNS_SERVER", text}, {"WEBSITE_DNS_ALT_SERVER", text}};
    EXPECT_EQ(servers(site), "168.63.129.16 by Azure DNS") << text;
  }
}

TEST(DnsSettings, TryFiveTimesForASecondAndKeepNothing) {
  EXPECT_EQ(numbers(integrated()), "5 x 1 s, kept 0 s");
}

TEST(DnsSettings, TakeNumbersFromThePropertyThenTheAppSetting) {
  lab::Site site = integrated();
  site.app_settings = {{"WEBSITE_DNS_ATTEMPTS", "2"},
                       {"WEBSITE_DNS_TIMEOUT", "30"},
                       {"WEBSITE_DNS_MAX_CACHE_TIMEOUT", "60"},
                       {"WEBSITE_ENABLE_DNS_CACHE", "True"}};
  EXPECT_EQ(numbers(site), "2 x 30 s, kept 60 s");
  site.dns_configuration = lab::DnsConfiguration{
      .dns_retry_attempt_count = 1, .dns_retry_attempt_timeout = 3, .dns_max_cache_timeout = 0};
  EXPECT_EQ(numbers(site), "1 x 3 s, kept 0 s");
}

TEST(DnsSettings, OutOfBoundsCountAsAbsent) {
  for (const char* text : {"0", "61", "-1", "3s", ""}) {
    lab::Site site = integrated();
    site.app_settings = {{"WEBSITE_DNS_ATTEMPTS", text}, {"WEBSITE_DNS_TIMEOUT", text}};
    EXPECT_EQ(numbers(site), "5 x 1 s, kept 0 s") << text;
  }
}

TEST(DnsSettings, KeepAnswersOnlyWhereTheCacheIsEnabled) {
  lab::Site site = integrated();
  site.dns_configuration = lab::DnsConfiguration{.dns_max_cache_timeout = 10};
  EXPECT_EQ(dns_settings(site, {}, {}).cache_seconds, 0);
  site.app_settings["WEBSITE_ENABLE_DNS_CACHE"] = "true";
  EXPECT_EQ(dns_settings(site, {}, {}).cache_seconds, 10);
  site.dns_configuration.reset();
  EXPECT_EQ(dns_settings(site, {}, {}).cache_seconds, 30);
  site.app_settings["WEBSITE_ENABLE_DNS_CACHE"] = "false";
  EXPECT_EQ(dns_settings(site, {}, {}).cache_seconds, 0);
}

TEST(DnsSettings, OfARunningAppAreThoseOfItsStart) {
  const DnsSettings got =
      running_dns_settings(integrated(), {}, {ip("10.0.0.4")}, {ip("10.0.2.5")});
  EXPECT_THAT(got.servers, ElementsAre(ip("10.0.0.4")));
  EXPECT_EQ(got.note,
            "These are the servers of the app's start; virtual network 'spoke' has 10.0.2.5 by "
            "now: restart the app.");
  EXPECT_EQ(running_dns_settings(integrated(), {}, {ip("10.0.0.4")}, {}).note,
            "These are the servers of the app's start; virtual network 'spoke' has Azure DNS by "
            "now: restart the app.");
}

TEST(DnsSettings, OfARunningAppSayNothingOfAListThatItDoesNotUse) {
  lab::Site site = integrated();
  EXPECT_EQ(running_dns_settings(site, {}, {ip("10.0.0.4")}, {ip("10.0.0.4")}).note, "");
  site.app_settings["WEBSITE_DNS_SERVER"] = "10.0.1.4";
  EXPECT_EQ(running_dns_settings(site, {}, {ip("10.0.0.4")}, {ip("10.0.2.5")}).note, "");
}

TEST(DnsSettings, HaveDefaultsOfTheirOwnOnWindowsWhichContainersKeep) {
  lab::ServerFarm windows;
  windows.reserved = false;
  EXPECT_EQ(numbers(integrated(), windows), "1 x 3 s, kept 30 s");
  lab::Site site = integrated();
  site.dns_configuration = lab::DnsConfiguration{.dns_max_cache_timeout = 0};
  site.app_settings["WEBSITE_DNS_ATTEMPTS"] = "4";
  EXPECT_EQ(numbers(site, windows), "4 x 3 s, kept 0 s");
  windows.hyper_v = true;
  EXPECT_EQ(numbers(site, windows), "1 x 3 s, kept 30 s");
}

}  // namespace
}  // namespace egress::policy::test
