// SPDX-License-Identifier: MIT
#pragma once

// The resolver as the daemon starts and attaches it, for those who ask it over real sockets.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

#include <memory>
#include <string>

#include "base/unique_fd.hpp"
#include "settings/dns_settings_text.hpp"
#include "settings/names_text.hpp"
#include "tests/support/attached_program.hpp"
#include "tests/support/expect_ok.hpp"
#include "tests/support/process.hpp"
#include "tests/support/values.hpp"

namespace egress::resolver::test {

using settings::AppResolver;
using settings::DnsRole;
using settings::PlatformResolver;
using settings::ServerResolver;
using ::testing::HasSubstr;
using namespace testing_support;

inline constexpr int kHangMs = 120'000;
inline constexpr const char* kPlatform = "168.63.129.16";
inline constexpr const char* kApp = "127.0.0.11";
inline constexpr const char* kHost = "10.0.0.5";
inline constexpr const char* kReal = "203.0.113.53";

// An app and a host in a network, where the platform answers; another network; the real Internet.
inline constexpr const char* kTopology = R"(
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

inline lab::RecordSet addresses(std::vector<Ipv4Address> all, int ttl = 60) {
  lab::RecordSet set{.ttl = ttl};
  set.a = std::move(all);
  return set;
}

inline sockaddr_in port_53(const char* address) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(53);
  result.sin_addr.s_addr = htonl(ip(address).bits);
  return result;
}

inline bool readable(int fd) {
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

}  // namespace egress::resolver::test
