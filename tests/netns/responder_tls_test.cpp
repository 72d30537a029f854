// SPDX-License-Identifier: MIT
// What the responder answers to who begins TLS.
#include <optional>

#include "tests/netns/responder_fixture.hpp"

namespace egress::host::test {
namespace {

class ResponderTls : public Responder {
 protected:
  void SetUp() override {
    Responder::SetUp();
    host_.emplace(std::set<Port>());
    EXPECT_OK(sign_by(tls::make_authority("egressd lab test").value()));
  }
  // From now on; clients trust it, too.
  Status sign_by(const tls::Authority& authority) {
    certificate_ = folder_.write("lab.pem", authority.certificate);
    shop_.authority = authority;
    return host_->become(shop_);
  }
  Outcome ask(const std::string& name, const std::string& address = "10.0.0.2") const {
    return run({"curl", "-sS", "--max-time", "20", "--cacert", certificate_, "--resolve",
                name + ":443:" + address, "https://" + name + "/"});
  }
  static bool answers(const Outcome& asked) {
    return asked.status == 0 && json::parse(asked.out).at("host") == "shop";
  }
  // Who answers is somebody else: curl's exit status for that.
  static constexpr int kNotBelieved = 60;

  Folder folder_{};
  std::string certificate_{};
  settings::Responder shop_{.host = "shop",
                            .listen = {kHttps},
                            .served = {.names = {"shop.example.com", "*.corp.internal"},
                                       .addresses = {Ipv4Address::parse("20.1.1.1").value()}}};
  std::optional<Host> host_{};
};

TEST_F(ResponderTls, AnswersByEachNameAndAddress) {
  for (const char* name :
       {"shop.example.com", "SHOP.example.com", "a.corp.internal", "a.b.corp.internal"}) {
    EXPECT_TRUE(answers(ask(name))) << name;
  }
  for (const char* address : {"10.0.0.2", "10.0.0.3"}) {
    EXPECT_TRUE(answers(ask(address, address))) << address;
  }
  const Outcome asked = ask("shop.example.com");
  EXPECT_EQ(json::parse(asked.out).at("local"), "10.0.0.2:443");
  // As what a router in between has translated from another address.
  const Outcome translated = run({"curl", "-sS", "--cacert", certificate_, "--connect-to",
                                  "20.1.1.1:443:10.0.0.2:443", "https://20.1.1.1/"});
  EXPECT_TRUE(answers(translated)) << translated.err;
}

TEST_F(ResponderTls, IsNotBelievedToBeAStranger) {
  EXPECT_EQ(ask("pay.example.com").status, kNotBelieved);
  EXPECT_EQ(ask("corp.internal").status, kNotBelieved);
  shop_.served = {.any_name = true};
  EXPECT_OK(host_->become(shop_));
  EXPECT_TRUE(answers(ask("pay.example.com")));
}

TEST_F(ResponderTls, IsBelievedByWhoTrustsTheLabAlone) {
  const tls::Authority another = tls::make_authority("another").value();
  certificate_ = folder_.write("lab.pem", another.certificate);
  EXPECT_EQ(ask("shop.example.com").status, kNotBelieved);
  EXPECT_OK(sign_by(another));
  EXPECT_TRUE(answers(ask("shop.example.com")));
  EXPECT_FALSE(sign_by({.certificate = "none", .key = "none"}).ok());
  certificate_ = folder_.write("lab.pem", another.certificate);
  EXPECT_TRUE(answers(ask("shop.example.com"))) << "the one before stays";
}

TEST_F(ResponderTls, LearnsNamesWithoutCuttingConnections) {
  const UniqueFd client = connect_and_say(*host_, 443, "hello\n");
  line(client.get());
  EXPECT_EQ(line(client.get()), "hello");
  shop_.served.names.insert("pay.example.com");
  EXPECT_OK(host_->become(shop_));
  EXPECT_TRUE(answers(ask("pay.example.com")));
  ASSERT_EQ(::send(client.get(), "still\n", 6, 0), 6);
  EXPECT_EQ(line(client.get()), "still");
}

TEST_F(ResponderTls, GreetsWhoSpeaksNoTls) {
  for (const std::string& said : {std::string(), std::string("hello\n"), std::string("\x16\n"),
                                  std::string("GET / HTTP/1.1\r\n\r\n")}) {
    const UniqueFd client = connect_to(443);
    ASSERT_EQ(::send(client.get(), said.data(), said.size(), 0), static_cast<ssize_t>(said.size()));
    EXPECT_EQ(json::parse(line(client.get())).at("host"), "shop") << said;
  }
  const UniqueFd silent = connect_to(443);
  ::shutdown(silent.get(), SHUT_WR);
  EXPECT_EQ(json::parse(line(silent.get())).at("host"), "shop");
  EXPECT_EQ(line(silent.get()), "(ended)");
}

TEST_F(ResponderTls, EndsOnGarbageAndGoesOnBesideHandshakesThatAreNeverFinished) {
  const std::string garbage = "\x16\x03\x01" + std::string("\0\x04", 2) + "abcdefgh";
  const std::string half = "\x16\x03\x01" + std::string("\x02\0\x01", 3);
  std::vector<UniqueFd> unfinished;
  for (int index = 0; index < 64; ++index) {
    unfinished.push_back(connect_and_say(*host_, 443, half));
  }
  const UniqueFd client = connect_and_say(*host_, 443, garbage);
  char byte = 0;
  while (ready_within(client.get(), POLLIN) && ::recv(client.get(), &byte, 1, 0) == 1) continue;
  EXPECT_LE(::recv(client.get(), &byte, 1, MSG_DONTWAIT), 0) << "an alert, and the end";
  EXPECT_TRUE(answers(ask("shop.example.com")));
}

TEST_F(ResponderTls, SaysWhatAServicesFirewallDecides) {
  shop_.firewall = policy::ServiceFirewall{
      .public_network_access = lab::PublicNetworkAccess::kDisabled, .name = "shop"};
  EXPECT_OK(host_->become(shop_));
  const Outcome asked =
      run({"curl", "-sS", "-w", "%{http_code}", "--cacert", certificate_, "https://10.0.0.2/"});
  EXPECT_THAT(asked.out, HasSubstr("\"Deny\""));
  EXPECT_THAT(asked.out, ::testing::EndsWith("403"));
}

TEST_F(ResponderTls, IsGreetedAsBeforeWhereThereIsNoAuthority) {
  shop_.authority = {};
  EXPECT_OK(host_->become(shop_));
  const UniqueFd client = connect_and_say(*host_, 443, "\x16\x03\x01\n");
  EXPECT_EQ(json::parse(line(client.get())).at("host"), "shop");
}

}  // namespace
}  // namespace egress::host::test
