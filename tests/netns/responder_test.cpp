// SPDX-License-Identifier: MIT
// The responder as the daemon starts it, asked over real sockets.

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <array>
#include <csignal>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/unique_fd.hpp"
#include "settings/responder_text.hpp"
#include "tests/support/attached_program.hpp"
#include "tests/support/expect_ok.hpp"
#include "tests/support/process.hpp"

namespace egress::host {
namespace {

using namespace testing_support;
using nlohmann::json;
using ::testing::HasSubstr;

constexpr Port kSql{Protocol::kTcp, 1433};
constexpr Port kHttp{Protocol::kTcp, 80};
constexpr Port kDns{Protocol::kUdp, 53};
constexpr Port kOther{Protocol::kUdp, 9999};
constexpr int kHangMs = 120'000;

constexpr const char* kTopology = R"(
  ip netns add client; ip netns add server
  ip -n client link add c0 type veth peer name s0 netns server
  ip -n client addr add 10.0.0.1/24 dev c0; ip -n client link set c0 up
  ip -n server addr add 10.0.0.2/24 dev s0; ip -n server addr add 10.0.0.3/24 dev s0
  ip -n server link set s0 up; ip -n server link set lo up
)";

std::string settings_of(const std::set<Port>& listen) {
  return settings::to_text({.host = "sql", .listen = listen});
}

// The responder outside, attached in the server's namespace.
class Host {
 public:
  explicit Host(const std::set<Port>& listen, Command wrapper = {})
      : program_(with_program(std::move(wrapper))) {
    EXPECT_TRUE(program_.ready());
    EXPECT_OK(listen_on(listen));
  }
  Status listen_on(const std::set<Port>& listen) {
    return program_.attach("server", "responder", settings_of(listen));
  }
  AttachedProgram& program() { return program_; }

 private:
  static Command with_program(Command wrapper) {
    wrapper.push_back(EGRESS_HOST_PROGRAM);
    return wrapper;
  }
  AttachedProgram program_;
};

sockaddr_in address(const char* text, uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(port);
  ::inet_pton(AF_INET, text, &result.sin_addr);
  return result;
}

class Responder : public ::testing::Test {
 protected:
  void SetUp() override {
    by_hand(kTopology);
    // The tests' own sockets live on the client's side.
    const UniqueFd home(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
    const UniqueFd client(::open("/run/netns/client", O_RDONLY | O_CLOEXEC));
    ASSERT_EQ(::setns(client.get(), CLONE_NEWNET), 0);
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  void TearDown() override { run_script("ip netns del client; ip netns del server"); }

  static UniqueFd connect_to(uint16_t port, int receive_buffer = 0) {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (receive_buffer > 0) {
      ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    const sockaddr_in to = address("10.0.0.2", port);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    return fd;
  }
  static bool ready_within(int fd, short events, std::chrono::milliseconds time = kHang) {
    pollfd polled{fd, events, 0};
    return ::poll(&polled, 1, static_cast<int>(time.count())) > 0;
  }
  static std::string line(int fd) {
    std::string text;
    char next = 0;
    while (ready_within(fd, POLLIN) && ::recv(fd, &next, 1, 0) == 1) {
      if (next == '\n') return text;
      text += next;
    }
    return text + "(ended)";
  }
  static std::string port_of(int fd) {
    sockaddr_in local{};
    socklen_t size = sizeof local;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&local), &size);
    return std::to_string(ntohs(local.sin_port));
  }
};

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

TEST_F(Responder, ChangesItsPortsAndCutsNoConnectionOfThoseThatStay) {
  Host host({kSql, {Protocol::kTcp, 4000}});
  const UniqueFd stays = connect_to(1433);
  const UniqueFd goes = connect_to(4000);
  line(stays.get());
  line(goes.get());
  ASSERT_TRUE(host.listen_on({kSql, kHttp}).ok());
  EXPECT_EQ(line(goes.get()), "(ended)");
  EXPECT_EQ(run({"curl", "-sS", "http://10.0.0.2/"}).status, 0);
  EXPECT_EQ(run({"curl", "-s", "http://10.0.0.2:4000/"}).status, 7) << "nobody listens";
  ASSERT_EQ(::send(stays.get(), "hello\n", 6, 0), 6);
  EXPECT_EQ(line(stays.get()), "hello");
}

// A bound socket ends with its interface, and another one may get the number of that.
TEST_F(Responder, ListensByALinkThatWasMadeAnewOrBecameAnother) {
  const auto by = [](const std::string& device, uint32_t mark) {
    return settings::to_text(
        {.host = "sql",
         .device = "lo",
         .ways = {{.device = device, .mark = mark, .listen = {kSql, kHttp, kDns}}}});
  };
  Host host({kSql});
  const auto attached = [&](const std::string& device, uint32_t mark) {
    return host.program().attach("server", "responder", by(device, mark)).ok();
  };
  ASSERT_TRUE(attached("s0", 201)) << "by one interface what was open to all";
  for (const std::string link : {"s0", "s1"}) {
    const Outcome made = run_script("ip -n client link del c0; ip -n server link add " + link +
                                    " index 77 type veth" +
                                    R"( peer name c0 netns client
        ip -n client addr add 10.0.0.1/24 dev c0; ip -n client link set c0 up
        ip -n server addr add 10.0.0.2/24 dev )" +
                                    link + "; ip -n server link set " + link + " up");
    ASSERT_EQ(made.status, 0) << made.err;
    ASSERT_TRUE(attached(link, 201));
    EXPECT_THAT(line(connect_to(1433).get()), HasSubstr("10.0.0.2:1433"));
  }
  ASSERT_TRUE(attached("s1", 202)) << "another mark";
  EXPECT_THAT(line(connect_to(1433).get()), HasSubstr("10.0.0.2:1433"));
  EXPECT_FALSE(attached("s9", 203));
  EXPECT_THAT(line(connect_to(1433).get()), HasSubstr("10.0.0.2:1433")) << "as before";
}

TEST_F(Responder, LeavesTheNamespaceWhenItIsDetached) {
  Host host({kDns, kHttp, kSql});
  const UniqueFd client = connect_to(1433);
  line(client.get());
  ASSERT_TRUE(host.program().detach("server", "responder").ok());
  EXPECT_EQ(line(client.get()), "(ended)");
  EXPECT_EQ(run_script("ip netns exec server ss -Hlntu").out, "");
  EXPECT_TRUE(host.listen_on({kDns, kHttp, kSql}).ok());
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

TEST_F(Responder, LetsConnectionsWaitWhenItMayNotOpenMoreFiles) {
  const Host host({kSql, kHttp}, {"prlimit", "--nofile=160:160"});
  std::vector<UniqueFd> clients;
  for (int index = 0; index < 400; ++index) clients.push_back(connect_to(1433));
  // Each one ends after its line, which makes room for those behind it.
  for (UniqueFd& client : clients) {
    ASSERT_EQ(json::parse(line(client.get())).at("host"), "sql");
    client.reset();
  }
  EXPECT_EQ(run({"curl", "-sS", "http://10.0.0.2/"}).status, 0);
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

TEST_F(Responder, NamesThePortItCannotOpenAndOpensNoOther) {
  const Host first({kSql, kDns, kHttp});
  Host second({kOther});
  for (const Port port : {kSql, kDns, kHttp}) {
    const Status refused = second.listen_on({{Protocol::kTcp, 70}, port, kOther});
    ASSERT_FALSE(refused.ok());
    EXPECT_THAT(refused.error().message, HasSubstr(port.to_string()));
    EXPECT_THAT(refused.error().message, HasSubstr("in use"));
    EXPECT_EQ(run({"curl", "-s", "http://10.0.0.2:70/"}).status, 7) << "nobody listens";
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
}  // namespace egress::host
