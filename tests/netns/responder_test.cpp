// SPDX-License-Identifier: MIT
// What the responder answers.
#include <array>

#include "tests/netns/responder_fixture.hpp"

namespace egress::host::test {
namespace {

TEST_F(Responder, EndsWhenAskedTo) {
  Host host({kDns, kHttp, kSql});
  const UniqueFd client = connect_to(1433);
  EXPECT_EQ(host.program().process().end(SIGTERM), 0);
}

TEST_F(Responder, StandsInASessionOfItsOwn) {
  Host host({kSql});
  const pid_t pid = host.program().process().pid();
  EXPECT_EQ(::getsid(pid), pid);
  EXPECT_EQ(::getpgid(pid), pid);
}

TEST_F(Responder, AnswersHttpWithWhatItSaw) {
  const Host host({kHttp});
  const Outcome asked =
      run({"curl", "-sS", "-i", "--local-port", "45678", "http://10.0.0.2/any/path?query"});
  EXPECT_THAT(asked.out, HasSubstr("200 OK\r\n"));
  EXPECT_THAT(asked.out, HasSubstr("Content-Type: application/json\r\n"));
  const json body = json::parse(asked.out.substr(asked.out.find("\r\n\r\n")));
  EXPECT_EQ(body, json({{"host", "sql"},
                        {"local", "10.0.0.2:80"},
                        {"peer", "10.0.0.1:45678"},
                        {"protocol", "tcp"}}));
}

TEST_F(Responder, KeepsAnHttpConnectionAndTakesAnyMethodAndBody) {
  const Host host({kHttp});
  const std::string url = "http://10.0.0.2/";
  const Outcome twice = run({"curl", "-sS", "-w", "%{num_connects}\n", url, url});
  EXPECT_THAT(twice.out, ::testing::EndsWith("}\n0\n"));
  const Outcome posted =
      run({"curl", "-sS", "--data-binary", "@-", url}, std::string(4'000'000, 'x'));
  EXPECT_EQ(posted.status, 0) << posted.err;
  EXPECT_EQ(json::parse(posted.out).at("host"), "sql");
  EXPECT_EQ(run({"curl", "-sS", "-I", url}).status, 0);
}

TEST_F(Responder, SpeaksHttpOnPort443OfAServiceToWhoBeginsWithIt) {
  Host host({});
  settings::Responder service{
      .host = "keys", .listen = {kHttps}, .firewall = policy::ServiceFirewall{.name = "keys"}};
  ASSERT_TRUE(host.become(service).ok());
  const std::string get = "GET /secrets HTTP/1.1\r\nHost: keys\r\n\r\n";
  const std::string put = "PUT / HTTP/1.1\r\nHost: keys\r\nContent-Length: 5\r\n\r\nhello";
  for (const std::string& request : {get, put}) {
    const UniqueFd client = connect_and_say(host, 443, request);
    for (int asked = 0; asked < 2; ++asked) {
      const auto [head, body] = response(client.get());
      EXPECT_THAT(head, HasSubstr("HTTP/1.1 200 OK\r"));
      EXPECT_EQ(json::parse(body).at("access"), "Allow");
      ::send(client.get(), request.data(), request.size(), 0);
    }
  }
  service.firewall->public_network_access = lab::PublicNetworkAccess::kDisabled;
  ASSERT_TRUE(host.become(service).ok());
  const auto [head, body] = response(connect_and_say(host, 443, get).get());
  EXPECT_THAT(head, HasSubstr("HTTP/1.1 403 Forbidden\r"));
  EXPECT_EQ(json::parse(body).at("access"), "Deny");
}

TEST_F(Responder, GreetsOnPort443OfAServiceWhoSaysNothingOrSomethingElse) {
  Host host({});
  ASSERT_TRUE(host.become({.host = "keys",
                           .listen = {kHttps},
                           .firewall = policy::ServiceFirewall{.name = "keys"}})
                  .ok());
  for (const std::string& said : {std::string(), std::string("\x16\x03\x01\n")}) {
    const UniqueFd client = connect_to(443);
    ASSERT_EQ(::send(client.get(), said.data(), said.size(), 0), static_cast<ssize_t>(said.size()));
    EXPECT_EQ(json::parse(line(client.get())).at("access"), "Allow");
    ASSERT_EQ(::send(client.get(), "hello\n", 6, 0), 6);
    EXPECT_EQ(line(client.get()) + "\n", said.empty() ? "hello\n" : said);
  }
}

TEST_F(Responder, SendsOneLineOnConnectAndThenEchoes) {
  const Host host({kSql});
  const UniqueFd client = connect_to(1433);
  const json said = json::parse(line(client.get()));
  EXPECT_EQ(said.at("local"), "10.0.0.2:1433");
  EXPECT_EQ(said.at("peer"), "10.0.0.1:" + port_of(client.get()));
  ASSERT_EQ(::send(client.get(), "hello\n", 6, 0), 6);
  EXPECT_EQ(line(client.get()), "hello");
  ::shutdown(client.get(), SHUT_WR);
  EXPECT_EQ(line(client.get()), "(ended)");
}

TEST_F(Responder, StopsReadingFromAClientThatDoesNotRead) {
  const Host host({kSql});
  const UniqueFd client = connect_to(1433, 4096);
  line(client.get());
  std::string sent;
  std::vector<char> block(65536);
  constexpr size_t kFarMoreThanBuffers = 512U << 20U;
  while (sent.size() < kFarMoreThanBuffers &&
         ready_within(client.get(), POLLOUT, std::chrono::seconds(1))) {
    for (size_t index = 0; index < block.size(); ++index) {
      block[index] = static_cast<char>(sent.size() / 7 + index);
    }
    const ssize_t size = ::send(client.get(), block.data(), block.size(), MSG_DONTWAIT);
    if (size > 0) sent.append(block.data(), static_cast<size_t>(size));
  }
  EXPECT_LT(sent.size(), kFarMoreThanBuffers);
  ::shutdown(client.get(), SHUT_WR);
  std::string received;
  while (ready_within(client.get(), POLLIN)) {
    const ssize_t size = ::recv(client.get(), block.data(), block.size(), 0);
    if (size <= 0) break;
    received.append(block.data(), static_cast<size_t>(size));
  }
  EXPECT_TRUE(received == sent) << received.size() << " of " << sent.size();
}

TEST_F(Responder, ServesThousandsOfConnectionsAtOnce) {
  const Host host({kSql});
  std::vector<UniqueFd> clients;
  for (int index = 0; index < 3000; ++index) clients.push_back(connect_to(1433));
  for (const UniqueFd& client : clients) {
    ASSERT_EQ(json::parse(line(client.get())).at("peer"), "10.0.0.1:" + port_of(client.get()));
  }
}

TEST_F(Responder, AnswersDatagramsFromTheAddressTheyWereSentTo) {
  const Host host({kOther});
  for (const char* text : {"10.0.0.2", "10.0.0.3"}) {
    const UniqueFd client(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    // A connected socket takes answers from this address alone.
    const sockaddr_in to = address(text, 9999);
    ASSERT_EQ(::connect(client.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    for (const size_t size : {size_t{0}, size_t{1}, size_t{1400}, size_t{9000}}) {
      const std::string datagram(size, 'x');
      ASSERT_EQ(::send(client.get(), datagram.data(), size, 0), static_cast<ssize_t>(size));
      ASSERT_TRUE(ready_within(client.get(), POLLIN));
      std::array<char, 512> buffer{};
      const ssize_t received = ::recv(client.get(), buffer.data(), buffer.size(), 0);
      ASSERT_GT(received, 0);
      EXPECT_EQ(json::parse(std::string(buffer.data(), static_cast<size_t>(received))),
                json({{"host", "sql"},
                      {"local", std::string(text) + ":9999"},
                      {"peer", "10.0.0.1:" + port_of(client.get())},
                      {"protocol", "udp"}}));
    }
  }
}

TEST_F(Responder, RefusesSettingsItDoesNotUnderstand) {
  Host host({kSql});
  const Status refused = host.program().attach("server", "responder", "no settings");
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("settings of a responder"));
  EXPECT_THAT(line(connect_to(1433).get()), HasSubstr("10.0.0.2:1433"));
}

}  // namespace
}  // namespace egress::host::test
