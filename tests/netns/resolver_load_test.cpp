// SPDX-License-Identifier: MIT
// Many questions, large answers, connections that are held and messages that are none.

#include <algorithm>
#include <array>
#include <csignal>
#include <set>
#include <span>

#include "base/stable_hash.hpp"
#include "dns/framing.hpp"
#include "dns/message.hpp"
#include "tests/netns/resolver_fixture.hpp"

namespace egress::resolver::test {
namespace {

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

}  // namespace
}  // namespace egress::resolver::test
