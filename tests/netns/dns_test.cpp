// SPDX-License-Identifier: MIT
// The resolver process as the daemon starts and attaches it, asked over real sockets.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <memory>
#include <set>
#include <span>
#include <string>

#include "base/stable_hash.hpp"
#include "base/unique_fd.hpp"
#include "dns/framing.hpp"
#include "dns/message.hpp"
#include "kernel/netns_scope.hpp"
#include "settings/dns_settings_text.hpp"
#include "settings/names_text.hpp"
#include "tests/support/attached_program.hpp"
#include "tests/support/expect_ok.hpp"
#include "tests/support/process.hpp"
#include "tests/support/values.hpp"

namespace egress::resolver {
namespace {

using settings::AppResolver;
using settings::DnsRole;
using settings::PlatformResolver;
using settings::ServerResolver;
using ::testing::HasSubstr;
using namespace testing_support;

constexpr int kHangMs = 120'000;
constexpr const char* kPlatform = "168.63.129.16";
constexpr const char* kApp = "127.0.0.11";
constexpr const char* kHost = "10.0.0.5";
constexpr const char* kReal = "203.0.113.53";

// An app and a host in a network, where the platform answers; another network; the real Internet.
constexpr const char* kTopology = R"(
  for name in app host vnet other real; do ip netns add $name; ip -n $name link set lo up; done
  ip -n vnet link add br0 type bridge; ip -n vnet addr add 10.0.0.1/24 dev br0
  ip -n vnet link set br0 up
  for name in app:10.0.0.4 host:10.0.0.5; do
    ip -n vnet link add ${name%:*} type veth peer name eth0 netns ${name%:*}
    ip -n vnet link set ${name%:*} master br0 up
    ip -n ${name%:*} addr add ${name#*:}/24 dev eth0; ip -n ${name%:*} link set eth0 up
    ip -n ${name%:*} route add default via 10.0.0.1
  done
  for name in vnet other; do ip -n $name addr add 168.63.129.16/32 dev lo; done
  ip -n real addr add 203.0.113.53/32 dev lo
)";

lab::RecordSet addresses(std::vector<Ipv4Address> all, int ttl = 60) {
  lab::RecordSet set{.ttl = ttl};
  set.a = std::move(all);
  return set;
}

sockaddr_in port_53(const char* address) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(53);
  result.sin_addr.s_addr = htonl(ip(address).bits);
  return result;
}

bool readable(int fd) {
  pollfd polled{fd, POLLIN, 0};
  return ::poll(&polled, 1, kHangMs) > 0;
}

class ResolverProcess : public ::testing::Test {
 protected:
  void SetUp() override {
    by_hand(kTopology);
    program_ = std::make_unique<AttachedProgram>(Command{EGRESS_DNS_PROGRAM});
    ASSERT_TRUE(program_->ready()) << read_file(program_->process().errors_file());
  }
  void TearDown() override {
    program_.reset();
    run_script("for name in app host vnet other real; do ip netns del $name || :; done");
  }

  void attach(const std::string& netns, const DnsRole& role) const {
    EXPECT_OK(program_->attach(netns, settings::kDnsAttachment, settings::to_text(role)));
  }
  void publish(const policy::Names& names, const std::string& home = {}) const {
    EXPECT_OK(
        program_->attach("other", settings::kNamesAttachment, settings::to_text(names), home));
  }

  static std::string dig(const std::string& netns, const char* server, Command words) {
    Command command = {"ip",       "netns",    "exec",
                       netns,      "dig",      "+norec",
                       "+tries=1", "+time=60", std::string("@") + server};
    command.insert(command.end(), words.begin(), words.end());
    return run(command).out;
  }
  static std::string address_of(const std::string& netns, const char* server,
                                const std::string& name) {
    return dig(netns, server, {"+short", name});
  }

  // A socket of the namespace's, connected to the server.
  static UniqueFd connected(const std::string& netns, const char* server, int type) {
    const UniqueFd home(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
    const UniqueFd inside(::open(("/run/netns/" + netns).c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(::setns(inside.get(), CLONE_NEWNET), 0);
    UniqueFd fd(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
    const sockaddr_in to = port_53(server);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    EXPECT_EQ(::setns(home.get(), CLONE_NEWNET), 0);
    return fd;
  }

  policy::Names names_{.zones = {{.key = "corp",
                                  .name = "corp.internal",
                                  .sets = {{"db.corp.internal", addresses({ip("10.0.0.7")})}}}},
                       .views = {{.vnet = "spoke", .links = {{.zone = 0}}}, {.vnet = "hub"}},
                       .public_sets = {{"www.example.com", addresses({ip("203.0.113.7")})},
                                       {"db.corp.internal", addresses({ip("203.0.113.8")})}}};

  std::unique_ptr<AttachedProgram> program_{};
};

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

TEST_F(ResolverProcess, AnAnswerOfAnySizeComesWhole) {
  std::vector<Ipv4Address> many;
  for (uint32_t index = 0; index < 1'000; ++index) many.push_back({0x0a000000 + index});
  lab::RecordSet texts;
  texts.txt = std::vector<std::string>(20, std::string(1'024, 'x'));
  names_.public_sets["many.example"] = addresses(many);
  names_.public_sets["texts.example"] = texts;
  publish(names_);
  attach("vnet", PlatformResolver{.vnet = "spoke"});
  attach("app", AppResolver{.servers = {ip(kPlatform)}});
  for (const char* server : {kApp, kPlatform}) {
    const std::string addresses = address_of("app", server, "many.example");
    EXPECT_EQ(std::count(addresses.begin(), addresses.end(), '\n'), 1'000) << server;
    const std::string text = dig("app", server, {"+short", "texts.example", "TXT"});
    EXPECT_EQ(std::count(text.begin(), text.end(), 'x'), 20 * 1'024) << server;
    for (const char* edns : {"+noedns", "+bufsize=4096"}) {
      const std::string cut = dig("app", server, {"+ignore", edns, "many.example"});
      EXPECT_THAT(cut, HasSubstr("flags: qr tc ra; QUERY: 1, ANSWER: 0")) << server << edns;
    }
  }
}

TEST_F(ResolverProcess, AnswersAThousandQuestionsAtOnce) {
  publish(names_);
  attach("vnet", PlatformResolver{.vnet = "spoke"});
  const UniqueFd client = connected("app", kPlatform, SOCK_DGRAM);
  const int room = 4 * 1024 * 1024;
  ::setsockopt(client.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
  for (uint16_t id = 0; id < 1'000; ++id) {
    const dns::Message query = dns::make_query(id, {"db.corp.internal"}, true);
    ASSERT_EQ(::send(client.get(), query.data(), query.size(), 0),
              static_cast<ssize_t>(query.size()));
  }
  std::set<uint16_t> answered;
  std::array<uint8_t, 4'096> buffer{};
  while (answered.size() < 1'000 && readable(client.get())) {
    const ssize_t size = ::recv(client.get(), buffer.data(), buffer.size(), 0);
    const auto reply = dns::parse_reply(std::span(buffer).first(static_cast<size_t>(size)));
    ASSERT_TRUE(reply.has_value());
    ASSERT_EQ(reply->records.size(), 1U);
    answered.insert(reply->id);
  }
  EXPECT_EQ(answered.size(), 1'000U);
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

TEST_F(ResolverProcess, AnswersAllQuestionsOfAConnectionThatSendsNoMore) {
  publish(names_);
  attach("vnet", PlatformResolver{.vnet = "spoke"});
  attach("app", AppResolver{.servers = {ip(kPlatform)}});
  for (const char* server : {kPlatform, kApp}) {
    const UniqueFd client = connected("app", server, SOCK_STREAM);
    dns::Message sent;
    for (uint16_t id = 0; id < 200; ++id) {
      const dns::Message query = dns::framed(dns::make_query(id, {"db.corp.internal"}, true));
      sent.insert(sent.end(), query.begin(), query.end());
    }
    // In two pieces, the first of which ends inside a query.
    ASSERT_EQ(::send(client.get(), sent.data(), 101, 0), 101);
    ASSERT_EQ(::send(client.get(), sent.data() + 101, sent.size() - 101, 0),
              static_cast<ssize_t>(sent.size() - 101));
    ::shutdown(client.get(), SHUT_WR);
    dns::Message received;
    std::array<uint8_t, 4'096> buffer{};
    while (readable(client.get())) {
      const ssize_t size = ::recv(client.get(), buffer.data(), buffer.size(), 0);
      if (size <= 0) break;
      received.insert(received.end(), buffer.begin(), buffer.begin() + size);
    }
    std::set<uint16_t> answered;
    for (std::span<const uint8_t> rest(received); !rest.empty();) {
      const auto message = dns::first_message(rest);
      ASSERT_TRUE(message.has_value());
      const auto reply = dns::parse_reply(*message);
      ASSERT_TRUE(reply.has_value());
      answered.insert(reply->id);
      rest = rest.subspan(dns::kLengthSize + message->size());
    }
    EXPECT_EQ(answered.size(), 200U) << server;
  }
}

TEST_F(ResolverProcess, GarbageDisturbsNobody) {
  publish(names_);
  attach("vnet", PlatformResolver{.vnet = "spoke"});
  attach("app", AppResolver{.servers = {ip(kPlatform)}});
  uint64_t state = 1;
  for (const char* server : {kApp, kPlatform}) {
    for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
      const UniqueFd client = connected("app", server, type);
      for (int count = 0; count < 200; ++count) {
        std::string bytes;
        for (int index = 0; index < count * 10; ++index) {
          state = scattered(state + 1);
          bytes += static_cast<char>(state);
        }
        ::send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      }
    }
    EXPECT_EQ(address_of("app", server, "db.corp.internal"), "10.0.0.7\n");
    EXPECT_EQ(dig("app", server, {"+tcp", "+short", "db.corp.internal"}), "10.0.0.7\n");
  }
}

TEST_F(ResolverProcess, MoreConnectionsThanItTakesWaitForTheirTurn) {
  publish(names_);
  attach("vnet", PlatformResolver{.vnet = "spoke"});
  std::vector<UniqueFd> idle;
  for (int index = 0; index < 64; ++index) {
    idle.push_back(connected("app", kPlatform, SOCK_STREAM));
  }
  Background waiting({"ip", "netns", "exec", "app", "dig", "+tcp", "+tries=1", "+time=60", "+short",
                      "@168.63.129.16", "db.corp.internal"},
                     "");
  EXPECT_EQ(address_of("app", kPlatform, "db.corp.internal"), "10.0.0.7\n");
  EXPECT_TRUE(waiting.running());
  idle.pop_back();
  EXPECT_TRUE(waiting.says("10.0.0.7"));
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
}  // namespace egress::resolver
