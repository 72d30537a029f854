// SPDX-License-Identifier: MIT
// What the resolver answers, by its roles and the names of the lab.

#include <array>
#include <csignal>

#include "dns/framing.hpp"
#include "dns/message.hpp"
#include "kernel/netns_scope.hpp"
#include "tests/netns/resolver_fixture.hpp"

namespace egress::resolver::test {
namespace {

TEST_F(ResolverProcess, EndsWhenAskedTo) {
  publish(names_);
  attach("vnet", PlatformResolver{.vnet = "spoke"});
  attach("app", AppResolver{.servers = {ip(kPlatform)}});
  EXPECT_EQ(program_->process().end(SIGTERM), 0);
}

TEST_F(ResolverProcess, SaysInEachNetworkWhatThatNetworkSees) {
  attach("vnet", PlatformResolver{.vnet = "spoke"});
  EXPECT_THAT(dig("vnet", kPlatform, {"db.corp.internal"}), HasSubstr("status: SERVFAIL"));
  publish(names_);
  attach("other", PlatformResolver{.vnet = "hub"});
  attach("real", ServerResolver{.address = ip(kReal), .in_internet = true});
  EXPECT_EQ(address_of("vnet", kPlatform, "db.corp.internal"), "10.0.0.7\n");
  EXPECT_EQ(address_of("other", kPlatform, "db.corp.internal"), "203.0.113.8\n");
  EXPECT_EQ(address_of("real", kReal, "db.corp.internal"), "203.0.113.8\n");
  EXPECT_THAT(dig("vnet", kPlatform, {"none.corp.internal"}), HasSubstr("status: NXDOMAIN"));
}

TEST_F(ResolverProcess, FollowsNamesAndRolesInPlace) {
  publish(names_);
  attach("vnet", PlatformResolver{.vnet = "spoke"});
  const UniqueFd open = connected("vnet", kPlatform, SOCK_STREAM);
  names_.zones[0].sets["db.corp.internal"] = addresses({ip("10.0.0.8")});
  publish(names_);
  EXPECT_EQ(address_of("vnet", kPlatform, "db.corp.internal"), "10.0.0.8\n");
  attach("vnet", PlatformResolver{.vnet = "hub"});
  EXPECT_EQ(address_of("vnet", kPlatform, "db.corp.internal"), "203.0.113.8\n");
  // A connection of before is served on.
  const dns::Message query = dns::make_query(7, {"db.corp.internal"}, false);
  const dns::Message sent = dns::framed(query);
  ASSERT_EQ(::send(open.get(), sent.data(), sent.size(), 0), static_cast<ssize_t>(sent.size()));
  EXPECT_TRUE(readable(open.get()));
}

TEST_F(ResolverProcess, StaysWhereItIsWhenANamespaceGetsAnotherName) {
  publish(names_);
  attach("vnet", PlatformResolver{.vnet = "spoke"});
  const UniqueFd open = connected("vnet", kPlatform, SOCK_STREAM);
  EXPECT_OK(program_->rename("vnet", "net"));
  const dns::Message sent = dns::framed(dns::make_query(7, {"db.corp.internal"}, false));
  ASSERT_EQ(::send(open.get(), sent.data(), sent.size(), 0), static_cast<ssize_t>(sent.size()));
  EXPECT_TRUE(readable(open.get()));
  std::array<uint8_t, 4'096> buffer{};
  EXPECT_GT(::recv(open.get(), buffer.data(), buffer.size(), 0), 12) << "it was not closed";
  attach("net", PlatformResolver{.vnet = "hub"});
  EXPECT_EQ(address_of("net", kPlatform, "db.corp.internal"), "203.0.113.8\n");
  EXPECT_OK(program_->detach("vnet", settings::kDnsAttachment));
  EXPECT_EQ(address_of("net", kPlatform, "db.corp.internal"), "203.0.113.8\n");
  EXPECT_OK(program_->detach("net", settings::kDnsAttachment));
  EXPECT_THAT(dig("net", kPlatform, {"a.example"}), HasSubstr("connection refused"));
  EXPECT_OK(program_->rename("net", "vnet"));
}

TEST_F(ResolverProcess, WhatCannotBeAttachedLeavesInForceWhatWas) {
  publish(names_);
  attach("vnet", PlatformResolver{.vnet = "spoke"});
  attach("host",
         ServerResolver{.address = ip(kHost),
                        .server = {.record_sets = {{"a.example", addresses({ip("10.1.1.1")})}}}});
  const auto error_of = [](const Status& status) {
    return status.ok() ? std::string("ok") : status.error().to_string();
  };
  EXPECT_THAT(error_of(program_->attach("vnet", settings::kDnsAttachment, "nothing")),
              HasSubstr("these are no settings of a resolver"));
  EXPECT_THAT(error_of(program_->attach("other", settings::kNamesAttachment, "{}")),
              HasSubstr("these are no names of a lab"));
  EXPECT_THAT(error_of(program_->attach("vnet", "mail", "{}")), HasSubstr("'mail'"));
  EXPECT_THAT(
      error_of(program_->attach("host", settings::kDnsAttachment,
                                settings::to_text(ServerResolver{.address = ip("10.9.9.9")}))),
      HasSubstr("listen on udp/53 of 10.9.9.9"));
  EXPECT_EQ(address_of("vnet", kPlatform, "db.corp.internal"), "10.0.0.7\n");
  EXPECT_EQ(address_of("app", kHost, "a.example"), "10.1.1.1\n");
}

TEST_F(ResolverProcess, LetsGoOfWhatIsDetached) {
  attach("vnet", PlatformResolver{});
  attach("host", ServerResolver{.address = ip(kHost)});
  attach("app", AppResolver{.servers = {ip(kPlatform)}});
  EXPECT_TRUE(program_->detach("app", settings::kDnsAttachment).ok());
  EXPECT_THAT(dig("app", kApp, {"a.example"}), HasSubstr("connection refused"));
  EXPECT_THAT(dig("app", kApp, {"+tcp", "a.example"}), HasSubstr("connection refused"));
  // Its namespace ends with its name, and the veth with it.
  run({"ip", "netns", "del", "app"});
  EXPECT_TRUE(eventually([] {
    return run({"ip", "-n", "vnet", "link", "show", "app"}).status != 0;
  }));
}

TEST_F(ResolverProcess, AnAppGetsTheFirstOfItsServersThatAnswers) {
  publish(names_);
  attach("vnet", PlatformResolver{.vnet = "spoke"});
  attach("app", AppResolver{.servers = {ip(kHost), ip(kPlatform)}});
  // Nothing listens on the host: its port is unreachable.
  EXPECT_EQ(address_of("app", kApp, "db.corp.internal"), "10.0.0.7\n");
  const lab::RecordSets sets = {{"db.corp.internal", addresses({ip("10.1.1.1")})}};
  attach("host", ServerResolver{.address = ip(kHost), .server = {.record_sets = sets}});
  EXPECT_EQ(address_of("app", kApp, "db.corp.internal"), "10.1.1.1\n");
  // It refuses what it does not know, which is no answer.
  EXPECT_EQ(address_of("app", kApp, "www.example.com"), "203.0.113.7\n");
  // Nobody has this address.
  attach("app", AppResolver{.servers = {ip("10.0.0.99"), ip(kPlatform)}});
  EXPECT_EQ(address_of("app", kApp, "db.corp.internal"), "10.0.0.7\n");
  attach("app", AppResolver{.servers = {ip("10.0.0.99")}, .attempts = 2});
  EXPECT_THAT(dig("app", kApp, {"db.corp.internal"}), HasSubstr("status: SERVFAIL"));
}

TEST_F(ResolverProcess, AHostsServerAsksItsForwardersFromWhereItIs) {
  publish(names_);
  attach("vnet", PlatformResolver{.vnet = "spoke"});
  const lab::DnsServer server{.forward_to = {ip("10.0.0.99"), ip(kPlatform)},
                              .record_sets = {{"alias.example", [] {
                                                 lab::RecordSet set;
                                                 set.cname = "db.corp.internal";
                                                 return set;
                                               }()}}};
  attach("host", ServerResolver{.address = ip(kHost), .server = server});
  EXPECT_EQ(address_of("app", kHost, "alias.example"), "db.corp.internal.\n10.0.0.7\n");
}

TEST_F(ResolverProcess, RealServersAreAskedFromTheDaemonsNetwork) {
  attach("real",
         ServerResolver{
             .address = ip(kReal),
             .server = {.record_sets = {{"real.example", addresses({ip("198.51.100.9")})}}}});
  names_.forward_to = {ip(kReal)};
  publish(names_);
  attach("vnet", PlatformResolver{.vnet = "spoke"});
  EXPECT_THAT(dig("vnet", kPlatform, {"real.example"}), HasSubstr("status: SERVFAIL"));
  publish(names_, "real");
  EXPECT_EQ(address_of("vnet", kPlatform, "real.example"), "198.51.100.9\n");
  EXPECT_EQ(address_of("vnet", kPlatform, "db.corp.internal"), "10.0.0.7\n");
}

// The daemon knows its processes by their namespace, at whatever instant it looks.
TEST_F(ResolverProcess, IsInItsOwnNamespaceWhileItAsksFromOthers) {
  publish(names_);
  attach("vnet", PlatformResolver{.vnet = "spoke"});
  attach("app", AppResolver{.servers = {ip(kPlatform)}});
  const std::string where = "/proc/" + std::to_string(program_->process().pid()) + "/ns/net";
  const auto own = kernel::netns_identity(where);
  ASSERT_TRUE(own.ok());
  const UniqueFd client = connected("app", kApp, SOCK_DGRAM);
  std::array<uint8_t, 4'096> buffer{};
  for (uint16_t id = 0; id < 200; ++id) {
    const dns::Message query = dns::make_query(id, {"db.corp.internal"}, true);
    ASSERT_EQ(::send(client.get(), query.data(), query.size(), 0),
              static_cast<ssize_t>(query.size()));
    while (::recv(client.get(), buffer.data(), buffer.size(), MSG_DONTWAIT) < 0) {
      const auto seen = kernel::netns_identity(where);
      ASSERT_TRUE(seen.ok());
      ASSERT_EQ(*seen, *own) << "at question " << id;
    }
  }
}

TEST_F(ResolverProcess, KeepsAnswersWhereTheSettingsSaySo) {
  publish(names_);
  attach("vnet", PlatformResolver{.vnet = "spoke"});
  attach("host", ServerResolver{.address = ip(kHost), .server = {.forward_to = {ip(kPlatform)}}});
  attach("app", AppResolver{.servers = {ip(kPlatform)}, .cache_seconds = 60});
  EXPECT_EQ(address_of("app", kApp, "www.example.com"), "203.0.113.7\n");
  names_.public_sets["www.example.com"] = addresses({ip("203.0.113.9")}, 3'600);
  publish(names_);
  EXPECT_EQ(address_of("app", kHost, "www.example.com"), "203.0.113.9\n");
  EXPECT_EQ(address_of("app", kApp, "www.example.com"), "203.0.113.7\n");
  // Until its settings change.
  attach("app", AppResolver{.servers = {ip(kPlatform)}, .cache_seconds = 59});
  EXPECT_EQ(address_of("app", kApp, "www.example.com"), "203.0.113.9\n");
}

}  // namespace
}  // namespace egress::resolver::test
