// SPDX-License-Identifier: MIT
#pragma once

// The responder as the daemon starts it, in a namespace beside that of its clients, who ask it over
// real sockets.

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>

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

namespace egress::host::test {

using namespace testing_support;
using nlohmann::json;
using ::testing::HasSubstr;

inline constexpr Port kSql{Protocol::kTcp, 1433};
inline constexpr Port kHttp{Protocol::kTcp, 80};
inline constexpr Port kHttps{Protocol::kTcp, 443};
inline constexpr Port kDns{Protocol::kUdp, 53};
inline constexpr Port kOther{Protocol::kUdp, 9999};

inline constexpr const char* kTopology = R"(
  ip netns add client; ip netns add server
  ip -n client link add c0 type veth peer name s0 netns server
  ip -n client addr add 10.0.0.1/24 dev c0; ip -n client link set c0 up
  ip -n server addr add 10.0.0.2/24 dev s0; ip -n server addr add 10.0.0.3/24 dev s0
  ip -n server link set s0 up; ip -n server link set lo up
)";

// The responder outside, attached in the server's namespace.
class Host {
 public:
  explicit Host(const std::set<Port>& listen, Command wrapper = {})
      : program_(with_program(std::move(wrapper))) {
    EXPECT_TRUE(program_.ready());
    EXPECT_OK(listen_on(listen));
  }
  Status listen_on(const std::set<Port>& listen) {
    return become({.host = "sql", .listen = listen});
  }
  Status become(const settings::Responder& wanted, const std::string& netns = "server") {
    return program_.attach(netns, "responder", settings::to_text(wanted));
  }
  AttachedProgram& program() { return program_; }

 private:
  static Command with_program(Command wrapper) {
    wrapper.push_back(EGRESS_HOST_PROGRAM);
    return wrapper;
  }
  AttachedProgram program_;
};

inline sockaddr_in address(const char* text, uint16_t port) {
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

  static UniqueFd connect_to(uint16_t port, int receive_buffer = 0,
                             const std::string& host = "10.0.0.2") {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (receive_buffer > 0) {
      ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    const sockaddr_in to = address(host.c_str(), port);
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
  // The responder finds the connection with the first bytes on it, however busy the machine is.
  static UniqueFd connect_and_say(Host& host, uint16_t port, const std::string& text) {
    const pid_t responder = host.program().process().pid();
    ::kill(responder, SIGSTOP);
    UniqueFd client = connect_to(port);
    EXPECT_EQ(::send(client.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    ::kill(responder, SIGCONT);
    return client;
  }
  // Head and body, which is one line.
  static std::pair<std::string, std::string> response(int fd) {
    std::string head;
    for (std::string next = line(fd); next != "\r"; next = line(fd)) {
      head += next;
      if (next.ends_with("(ended)")) return {head, {}};
    }
    return {head, line(fd)};
  }
  static std::string port_of(int fd) {
    sockaddr_in local{};
    socklen_t size = sizeof local;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&local), &size);
    return std::to_string(ntohs(local.sin_port));
  }
};

}  // namespace egress::host::test
