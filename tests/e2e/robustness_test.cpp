// SPDX-License-Identifier: MIT
// What clients, signals, limits and a state directory out of order do to the daemon.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "tests/support/machine.hpp"
#include "tests/support/unix_socket.hpp"

namespace egress::e2e {
namespace {

using namespace testing_support;

using ::testing::HasSubstr;

class Robustness : public ::testing::Test {
 protected:
  void start_with_the_contract() {
    ASSERT_TRUE(machine_.start());
    ASSERT_TRUE(machine_.apply(contract_lab()));
  }

  UniqueFd connect_and_say(const std::string& text) const {
    UniqueFd client = testing_support::connect_and_say(machine_.socket(), text);
    EXPECT_TRUE(client.valid());
    return client;
  }

  Machine machine_{};
};

// Changes the soft limit of this process and of what it starts, for as long as it lives.
class SoftFileLimit {
 public:
  explicit SoftFileLimit(rlim_t files) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit changed{.rlim_cur = files, .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &changed);
  }
  ~SoftFileLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  SoftFileLimit(const SoftFileLimit&) = delete;
  SoftFileLimit& operator=(const SoftFileLimit&) = delete;

 private:
  rlimit before_{};
};

std::string soft_file_limit_of(pid_t pid) {
  std::istringstream limits(read_file("/proc/" + std::to_string(pid) + "/limits"));
  for (std::string line; std::getline(limits, line);) {
    if (line.rfind("Max open files", 0) != 0) continue;
    std::istringstream words(line.substr(std::strlen("Max open files")));
    std::string soft;
    words >> soft;
    return soft;
  }
  return "";
}

TEST_F(Robustness, AStartThatFailsForAnotherReasonDoesNotCountAgainstTheLab) {
  start_with_the_contract();
  ASSERT_EQ(machine_.stop(), 0);
  std::ofstream(machine_.socket()) << "no socket";
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(machine_.start());
  ASSERT_EQ(::unlink(machine_.socket().c_str()), 0);
  ASSERT_TRUE(machine_.start());
  EXPECT_TRUE(machine_.comes_in_sync()) << machine_.log();
}

TEST_F(Robustness, AThousandSilentClientsNeitherKeepOthersOutNorStopRepairs) {
  const SoftFileLimit room(4096);
  start_with_the_contract();
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 1'100; ++i) clients.push_back(connect_and_say("GET /v1/status HT"));
  EXPECT_EQ(machine_.ctl({"status"}).status, 0);
  const std::string rules = "ip netns exec eg-vnet-spoke nft list tables";
  by_hand("ip netns exec eg-vnet-spoke nft flush ruleset");
  EXPECT_TRUE(eventually([&] { return !run_script(rules).out.empty(); })) << machine_.log();
  EXPECT_TRUE(machine_.comes_in_sync());
  EXPECT_EQ(machine_.ctl({"down"}).status, 0);
}

TEST_F(Robustness, ADownThatCannotEraseWhatIsStoredSaysSoUntilItCan) {
  start_with_the_contract();
  const std::string state = machine_.state_directory();
  by_hand("mount --bind " + state + " " + state + "\nmount -o remount,bind,ro " + state);
  const Outcome down = machine_.ctl({"down"});
  EXPECT_EQ(down.status, 3);
  EXPECT_THAT(down.err, HasSubstr("erase the stored lab"));
  EXPECT_THAT(down.err, HasSubstr("egressd.db"));
  const Outcome status = machine_.ctl({"status"});
  EXPECT_EQ(status.status, 1);
  EXPECT_THAT(status.out + status.err, HasSubstr("egressd.db"));
  by_hand("umount " + state);
  EXPECT_TRUE(machine_.comes_in_sync());
  EXPECT_EQ(machine_.stop(), 0);
  ASSERT_TRUE(machine_.start());
  EXPECT_EQ(run({"ip", "netns", "list"}).out, "");
}

TEST_F(Robustness, SignalsWithoutAMeaningAndSecondOnesChangeNothing) {
  start_with_the_contract();
  for (const int signal : {SIGUSR1, SIGUSR2, SIGPIPE}) ::kill(machine_.pid(), signal);
  EXPECT_EQ(machine_.ctl({"status"}).status, 0);
  // As long as it is there, another one comes.
  for (int i = 0; i < 50; ++i) ::kill(machine_.pid(), SIGTERM);
  EXPECT_EQ(machine_.stop(SIGTERM), 0);
}

// egress-host sets a limit of its own, so another program stands in for it.
TEST_F(Robustness, AResponderIsGivenTheFileLimitThatTheDaemonWasStartedWith) {
  const SoftFileLimit limit(777);
  const std::string told = machine_.file("limit", "");
  const std::string daemon = machine_.file("egressd", read_file(EGRESSD_PROGRAM));
  const std::string responder =
      machine_.file("egress-host", "#!/bin/bash\nulimit -Sn > " + told + "\n");
  ASSERT_EQ(run({"chmod", "+x", daemon, responder}).status, 0);
  ASSERT_TRUE(machine_.start({"bash", "-c", "shift; exec " + daemon + " \"$@\"", "-"}));
  EXPECT_NE(soft_file_limit_of(machine_.pid()), "777");
  EXPECT_EQ(machine_.ctl({"apply", machine_.file("lab.yaml", contract_lab())}).status, 3);
  EXPECT_EQ(read_file(told), "777\n");
}

TEST_F(Robustness, AHardFileLimitThatIsTooLowIsNamed) {
  const Outcome started = run({"bash", "-c",
                               "ulimit -n 1024; exec " EGRESSD_PROGRAM " --state-dir " +
                                   machine_.state_directory() + " --socket " + machine_.socket()});
  EXPECT_EQ(started.status, 1);
  EXPECT_THAT(started.err, HasSubstr("RLIMIT_NOFILE"));
  EXPECT_THAT(started.err, HasSubstr("1024"));
}

TEST_F(Robustness, ALabThatNeedsMoreFilesThanThereMayBeIsRefused) {
  ASSERT_TRUE(machine_.start({"bash", "-c", "ulimit -n 2064; exec \"$@\"", "-"}));
  const Outcome applied = machine_.ctl({"apply", machine_.file("lab.yaml", R"(
outboundIpAddresses: [20.50.1.4]
serverFarms: {plan: {capacity: 100}}
sites: {web: {serverFarm: plan}}
)")});
  EXPECT_EQ(applied.status, 1);
  EXPECT_THAT(applied.out + applied.err, HasSubstr("hard limit of open files"));
}

}  // namespace
}  // namespace egress::e2e
