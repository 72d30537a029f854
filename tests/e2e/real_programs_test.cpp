// SPDX-License-Identifier: MIT
// Programs that send, as Debian has them, in apps and on machines: what they are told, and what
// those see who look on, is what `explain` says.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "tests/support/eventually.hpp"
#include "tests/support/machine.hpp"

namespace egress::e2e {
namespace {

using namespace testing_support;

using nlohmann::json;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class RealPrograms : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(machine_.start());
    ASSERT_TRUE(machine_.apply(read_file(std::string(LABS_DIRECTORY) + "/real-programs.yaml")));
  }

  json explained(const std::string& app, const std::string& url) const {
    return machine_.ctl_json({"explain", app, url});
  }
  std::string source(const std::string& app, const std::string& url) const {
    return explained(app, url).value("source", "none");
  }
  Command on(const std::string& host, Command command) const {
    command.insert(command.begin(), {"exec", "--host", host, "--"});
    return machine_.ctl_command(command);
  }

  // The body of an answer and its HTTP status.
  struct Page {
    json body{};
    std::string text{};
    int status = 0;
  };
  Page curl(const std::string& app, Command command) const {
    command.insert(command.begin(), {"curl", "-sS", "--max-time", "10", "-w", "\n%{http_code}"});
    const Outcome outcome = machine_.exec(app, command);
    const size_t end = outcome.out.rfind('\n');
    if (end == std::string::npos) return {.text = outcome.err};
    const std::string text = outcome.out.substr(0, end);
    return {json::parse(text, nullptr, false), text, std::stoi(outcome.out.substr(end + 1))};
  }

  Machine machine_{};
};

std::string peer_of(const json& answer) {
  const std::string peer = answer.is_object() ? answer.value("peer", "") : "";
  return peer.substr(0, peer.find(':'));
}

TEST_F(RealPrograms, CurlIsToldWhatExplainSaysOfServices) {
  for (const std::string host : {"orders.blob.core.windows.net", "files.blob.core.windows.net"}) {
    const json expected = explained("app", "tcp://" + host + ":80");
    const Page page = curl("app", {"http://" + host + "/"});
    const bool open = expected.at("service").at("access") == "Allow";
    EXPECT_EQ(page.status, open ? 200 : 403) << page.text;
    EXPECT_EQ(page.body.at("access"), expected.at("service").at("access"));
    EXPECT_EQ(page.body.value("code", json()), expected.at("service").at("code"));
    EXPECT_EQ(peer_of(page.body), expected.at("source"));
  }
}

// The endpoint takes whoever comes by it, the public address nobody.
TEST_F(RealPrograms, CurlThatIsLedElsewhereMeetsWhatIsThere) {
  const std::string host = "orders.blob.core.windows.net";
  EXPECT_EQ(curl("app", {"http://" + host + "/"}).status, 200);
  const Page public_one =
      curl("app", {"--connect-to", host + ":80:20.38.102.4:80", "http://" + host + "/"});
  EXPECT_EQ(public_one.status, 403);
  EXPECT_EQ(public_one.body.at("code"), "AuthorizationFailure");
  EXPECT_EQ(curl("app", {"--resolve", host + ":80:20.38.102.4", "http://" + host + "/"}).status,
            403);
  const Page echo =
      curl("app", {"--resolve", "www.example.com:80:10.1.2.5", "http://www.example.com/"});
  EXPECT_EQ(echo.body.at("host"), "echo");
  EXPECT_EQ(curl("app", {"http://www.example.com/"}).body.at("host"), "site");
}

// Without a master, which would want to be somebody else; its files are the test's.
std::string front_configuration(const std::string& folder) {
  std::string paths;
  for (const char* each : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    paths += std::string(each) + "_temp_path " + folder + "; ";
  }
  return "daemon off; master_process off; pid " + folder +
         "/pid; error_log stderr warn; events {}\n"
         "http { access_log off; " +
         paths +
         "server { listen 10.1.2.4:80; location /who { return 200 $remote_addr; } "
         "location / { proxy_pass http://20.60.222.4; } } }\n";
}

TEST_F(RealPrograms, AServiceSeesTheFrontThatStandsBeforeIt) {
  const Folder folder;
  const std::string configuration =
      folder.write("nginx.conf", front_configuration(folder.path().string()));
  const Background nginx(on("front", {"nginx", "-c", configuration}), "");
  ASSERT_TRUE(eventually([&] { return curl("app", {"http://10.1.2.4/who"}).status == 200; }))
      << read_file(nginx.errors_file());
  // The service lets in the front's network, and not the app's, which the front sees in its place.
  EXPECT_EQ(curl("app", {"http://files.blob.core.windows.net/"}).status, 403);
  const Page through = curl("app", {"http://10.1.2.4/"});
  EXPECT_EQ(through.status, 200) << through.text;
  EXPECT_EQ(through.body.at("host"), "files");
  EXPECT_EQ(peer_of(through.body), source("host/front", "tcp://20.60.222.4:80"));
  EXPECT_EQ(curl("app", {"http://10.1.2.4/who"}).text, source("app", "tcp://10.1.2.4:80"));

  const Outcome verified = machine_.ctl({"explain", "app", "tcp://10.1.2.4:80", "--verify"});
  EXPECT_EQ(verified.status, 0) << verified.out;
  EXPECT_THAT(verified.out, HasSubstr("of a program there that is not in the lab"));
}

// The source of the first packet that asks for port 7 on the link $0.
constexpr const char* kFirstSource = R"(
tcpdump -n -l -t -c 1 -i $0 'tcp dst port 7 and tcp[tcpflags] == tcp-syn' |
  cut -d' ' -f2 | cut -d. -f1-4)";

bool listens(const Background& tcpdump) {
  return eventually(
      [&] { return read_file(tcpdump.errors_file()).find("listening on") != std::string::npos; });
}

// At both ends: the app's own side has an address that nobody else sees.
TEST_F(RealPrograms, TcpdumpAndConntrackSeeTheSourceThatExplainNames) {
  const std::string expected = source("app", "tcp://10.1.2.5:7");
  std::istringstream link_of_app(run_script("ip -n eg-app-app-0 -br -4 addr | grep '^vnet0'").out);
  std::string link;
  std::string state;
  std::string inside;
  link_of_app >> link >> state >> inside;
  link.resize(link.find('@'));
  inside.resize(inside.find('/'));
  Background there(on("echo", {"bash", "-c", kFirstSource, "eth0"}), "");
  Background here(machine_.ctl_command({"exec", "app", "--", "bash", "-c", kFirstSource, link}),
                  "");
  ASSERT_TRUE(listens(there)) << read_file(there.errors_file());
  ASSERT_TRUE(listens(here)) << read_file(here.errors_file());
  ASSERT_EQ(machine_.exec("app", {"nc", "-z", "10.1.2.5", "7"}).status, 0);
  EXPECT_TRUE(there.says(expected));
  EXPECT_TRUE(here.says(inside));

  const std::string flows =
      run({"ip", "netns", "exec", "eg-worker-plan-0", "conntrack", "-L", "-d", "10.1.2.5"}).out;
  EXPECT_THAT(flows, AllOf(HasSubstr("src=" + inside + " "), HasSubstr("dst=" + expected + " ")));
}

TEST_F(RealPrograms, NcAndSocatConnectOrAreToldWhyNot) {
  EXPECT_EQ(machine_.exec("app", {"nc", "-z", "-w", "5", "10.1.2.5", "7"}).status, 0);
  const Outcome refused = machine_.exec("app", {"nc", "-v", "-z", "-w", "5", "10.1.2.5", "8"});
  EXPECT_THAT(refused.err, HasSubstr("Connection refused"));
  const Outcome denied = machine_.exec("app", {"nc", "-v", "-z", "-w", "1", "10.1.2.5", "23"});
  EXPECT_THAT(denied.err, HasSubstr("timed out"));
  for (const std::string address : {"10.1.2.5", "203.0.113.80"}) {
    for (const std::string protocol : {"tcp", "udp"}) {
      const std::string expected = source("app", protocol + "://" + address + ":7");
      const Outcome asked = machine_.ctl(
          {"exec", "app", "--", "socat", "-t2", "-", protocol + ":" + address + ":7"}, "word\n");
      EXPECT_THAT(asked.out, HasSubstr("\"peer\":\"" + expected + ":")) << protocol << address;
      // It echoes behind that, but for datagrams.
      if (protocol == "tcp") EXPECT_THAT(asked.out, EndsWith("word\n"));
    }
  }
}

TEST_F(RealPrograms, PythonsSocketsHaveInsideAddressesAndFarEndsSeeOthers) {
  const Outcome python = machine_.exec("app", {"python3", "-c", R"(
import json, socket
for host in "10.1.2.5", "www.example.com":
    for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
        with socket.socket(socket.AF_INET, kind) as s:
            s.connect((host, 7))
            if kind == socket.SOCK_DGRAM:
                s.send(b"word")
            print(s.getsockname()[0], json.loads(s.recv(500))["peer"].split(":")[0])
try:
    socket.create_connection(("10.1.2.5", 8))
except ConnectionRefusedError:
    print("refused")
)"});
  const std::string inside = "169\\.254\\.254\\.[0-9]+ 10\\.1\\.1\\.4\n";
  const std::string direct = "169\\.254\\.129\\.[0-9]+ 20\\.50\\.1\\.4\n";
  EXPECT_THAT(python.out, MatchesRegex(inside + inside + direct + direct + "refused\n"))
      << python.err;
}

// azure-facts 9.6, 9.7, 5.5
TEST_F(RealPrograms, PingIsAnsweredWhereExplainSaysSo) {
  for (const std::string address :
       {"10.1.2.5", "203.0.113.80", "10.1.3.4", "10.1.1.1", "10.1.9.9", "168.63.129.16"}) {
    const bool expected = machine_.ctl({"explain", "app", "icmp://" + address}).status == 0;
    const Outcome pinged = machine_.exec("app", {"ping", "-c", "1", "-W", "2", address});
    EXPECT_EQ(pinged.status == 0, expected) << address << pinged.out;
  }
}

// Of what lies between, nothing is seen, neither of Azure's nor of the emulator's own.
TEST_F(RealPrograms, WhoTracesARouteSeesItsEndAlone) {
  for (const Command& way :
       {Command{}, Command{"-I"}, Command{"-T", "-p", "7"}, Command{"-U", "-p", "7"}}) {
    for (const std::string address : {"10.1.2.5", "203.0.113.80"}) {
      Command command = {"traceroute", "-n", "-q", "1", "-w", "1", "-m", "8"};
      command.insert(command.end(), way.begin(), way.end());
      command.push_back(address);
      std::istringstream said(machine_.exec("app", command).out);
      std::string line;
      std::getline(said, line);
      std::string last;
      while (std::getline(said, line)) {
        EXPECT_THAT(line, ::testing::AnyOf(EndsWith(" *"), HasSubstr("  " + address + " ")));
        last = line;
      }
      EXPECT_THAT(last, HasSubstr(address));
    }
  }
}

}  // namespace
}  // namespace egress::e2e
