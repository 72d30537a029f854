// SPDX-License-Identifier: MIT
// Programs that ask for names, as Debian has them, hold what `resolve` says: dig, the C library's
// getent, Python, and unbound on a machine as the server of a network, which no lab file declares.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "tests/e2e/unbound.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/machine.hpp"

namespace egress::e2e {
namespace {

using namespace testing_support;

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class RealLookups : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(machine_.start());
    ASSERT_TRUE(machine_.apply(read_file(std::string(LABS_DIRECTORY) + "/real-programs.yaml")));
  }

  std::string dig(const std::string& app, Command question) const {
    question.insert(question.begin(), {"dig", "+tries=1", "+time=60"});
    return machine_.exec(app, question).out;
  }
  // The addresses behind all aliases.
  std::vector<std::string> dug(const std::string& app, Command question) const {
    question.insert(question.begin(), {"+noall", "+answer"});
    std::istringstream lines(dig(app, question));
    std::vector<std::string> addresses;
    for (std::string name, ttl, in, type, data; lines >> name >> ttl >> in >> type >> data;) {
      if (type == "A") addresses.push_back(data);
    }
    return addresses;
  }
  json resolved(const std::string& app, const std::string& name) const {
    return machine_.ctl_json({"resolve", app, name});
  }

  Machine machine_{};
};

TEST_F(RealLookups, DigIsToldWhatResolveSaysWhicheverWayItAsks) {
  for (const std::string name :
       {"orders.blob.core.windows.net", "alias.spoke.internal", "several.spoke.internal",
        "files.blob.core.windows.net", "www.example.com", "app.azurewebsites.net", "nobody.example",
        "nobody.spoke.internal", "front.hub.internal"}) {
    const json expected = resolved("app", name);
    for (const Command& way :
         {Command{}, Command{"+tcp"}, Command{"+noedns"}, Command{"+bufsize=512"},
          Command{"@168.63.129.16"}, Command{"@168.63.129.16", "+tcp"}, Command{"+cookie"}}) {
      Command question = way;
      question.push_back(name);
      EXPECT_EQ(json(dug("app", question)), expected.at("addresses")) << name;
      EXPECT_THAT(dig("app", question),
                  HasSubstr("status: " + expected.at("status").get<std::string>()))
          << name << ::testing::PrintToString(way);
    }
  }
}

TEST_F(RealLookups, DigSeesEveryAliasOnTheWay) {
  EXPECT_EQ(dig("app", {"+short", "alias.spoke.internal"}),
            "again.spoke.internal.\n"
            "orders.blob.core.windows.net.\n"
            "orders.privatelink.blob.core.windows.net.\n"
            "10.1.3.4\n");
}

// RFC 6891: what does not fit what the asker takes, or 1,232 bytes, comes over TCP.
TEST_F(RealLookups, AnAnswerThatDoesNotFitComesOverTcp) {
  const auto cut = AllOf(HasSubstr(" tc "), HasSubstr("ANSWER: 0"));
  const auto by_datagram = AllOf(HasSubstr("(UDP)"), Not(HasSubstr(" tc ")));
  const auto by_stream = AllOf(HasSubstr("(TCP)"), Not(HasSubstr(" tc ")));
  const std::string large = "large.spoke.internal";
  const std::string larger = "larger.spoke.internal";
  for (const std::string server : {"@127.0.0.11", "@168.63.129.16"}) {
    EXPECT_THAT(dig("app", {server, "+noedns", "+ignore", large, "TXT"}), cut);
    EXPECT_THAT(dig("app", {server, "+bufsize=512", "+ignore", large, "TXT"}), cut);
    EXPECT_THAT(dig("app", {server, "+bufsize=512", large, "TXT"}),
                AllOf(by_stream, HasSubstr("ANSWER: 5")));
    EXPECT_THAT(dig("app", {server, large, "TXT"}), AllOf(by_datagram, HasSubstr("ANSWER: 5")));
    EXPECT_THAT(dig("app", {server, "+bufsize=4096", "+ignore", larger, "TXT"}), cut);
    EXPECT_THAT(dig("app", {server, "+bufsize=4096", larger, "TXT"}),
                AllOf(by_stream, HasSubstr("ANSWER: 12")));
  }
}

TEST_F(RealLookups, TheLibrarysResolverSaysTheSame) {
  const std::string name = "orders.blob.core.windows.net";
  EXPECT_THAT(machine_.exec("app", {"getent", "hosts", name}).out,
              AllOf(HasSubstr("10.1.3.4 "), HasSubstr("orders.privatelink.blob.core.windows.net")));
  const std::string all =
      machine_.exec("app", {"getent", "ahostsv4", "several.spoke.internal"}).out;
  EXPECT_THAT(all, AllOf(HasSubstr("10.1.2.4 "), HasSubstr("10.1.2.5 ")));
  EXPECT_EQ(machine_.exec("app", {"getent", "ahostsv6", name}).status, 2) << "there is no IPv6";
  EXPECT_EQ(machine_.exec("app", {"getent", "hosts", "nobody.example"}).status, 2);
  const Outcome python = machine_.exec(
      "app", {"python3", "-c",
              "import json, socket\n"
              "print(json.dumps(socket.gethostbyname_ex('orders.blob.core.windows.net')))\n"
              "try: socket.gethostbyname('nobody.example')\n"
              "except socket.gaierror as error: print(error.errno == socket.EAI_NONAME)\n"});
  EXPECT_EQ(python.out, R"(["orders.privatelink.blob.core.windows.net", [)"
                        R"("orders.blob.core.windows.net"], ["10.1.3.4"]])"
                        "\nTrue\n");
}

constexpr const char* kServe = R"(exec unbound -d -c <(printf %s "$0"))";

// It keeps what it was told.
const std::string kForwarder = std::string(kUnboundAlone) + R"(  interface: 10.0.2.4
forward-zone:
  name: "."
  forward-addr: 168.63.129.16
)";

class OwnNameServer : public RealLookups {
 protected:
  void SetUp() override {
    RealLookups::SetUp();
    server_.emplace(machine_.ctl_command(
                        {"exec", "--host", "resolver", "--", "bash", "-c", kServe, kForwarder}),
                    "");
    ASSERT_TRUE(eventually([&] { return !dug("asking", {"front.hub.internal"}).empty(); }))
        << read_file(server_->errors_file());
  }

  std::optional<Background> server_{};
};

TEST_F(OwnNameServer, IsHeardByAppsAndCommandsAlike) {
  for (const std::string name : {"shop.hub.internal", "orders.blob.core.windows.net",
                                 "www.example.com", "several.spoke.internal", "nobody.example"}) {
    const json expected = resolved("asking", name);
    EXPECT_EQ(json(dug("asking", {name})), expected.at("addresses")) << expected;
    EXPECT_THAT(dig("asking", {name}),
                HasSubstr("status: " + expected.at("status").get<std::string>()));
    EXPECT_NE(machine_.ctl({"resolve", "asking", name, "--verify"}).status, 4) << name;
  }
  // What its own network sees, and not that of the app.
  EXPECT_EQ(dig("asking", {"+short", "shop.hub.internal"}), "front.hub.internal.\n10.1.2.4\n");
  EXPECT_THAT(dig("asking", {"several.spoke.internal"}), HasSubstr("status: NXDOMAIN"));
  EXPECT_EQ(dig("app", {"+short", "@10.0.2.4", "shop.hub.internal"}),
            dig("asking", {"+short", "shop.hub.internal"}));

  const Outcome explained =
      machine_.ctl({"explain", "asking", "tcp://orders.blob.core.windows.net:80", "--verify"});
  EXPECT_EQ(explained.status, 0) << explained.out;
  EXPECT_THAT(explained.out, HasSubstr("by a program that is not in the lab"));
}

TEST_F(OwnNameServer, KeepsWhatItWasToldForAsLongAsTheRecordSays) {
  ASSERT_EQ(dig("asking", {"+short", "front.hub.internal"}), "10.1.2.4\n");
  const Outcome changed =
      machine_.ctl({"set", "privateDnsZones.hub.internal.recordSets.front", "{A: [10.1.2.5]}"});
  ASSERT_EQ(changed.status, 0) << changed.err;
  EXPECT_EQ(machine_
                .ctl({"exec", "--host", "resolver", "--", "dig", "+short", "@168.63.129.16",
                      "front.hub.internal"})
                .out,
            "10.1.2.5\n");
  EXPECT_EQ(dig("asking", {"+short", "front.hub.internal"}), "10.1.2.4\n");
  EXPECT_EQ(resolved("asking", "front.hub.internal").at("addresses"), json({"10.1.2.4"}));
}

TEST_F(OwnNameServer, IsMissedWhenItHasEnded) {
  server_.reset();
  EXPECT_THAT(dig("asking", {"www.example.com"}), HasSubstr("status: SERVFAIL"));
  EXPECT_EQ(resolved("asking", "www.example.com").at("addresses"), json::array());
  EXPECT_EQ(machine_.ctl({"resolve", "asking", "www.example.com", "--verify"}).status, 1);
}

}  // namespace
}  // namespace egress::e2e
