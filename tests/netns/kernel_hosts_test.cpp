// SPDX-License-Identifier: MIT
// Responders as the kernel layer starts, finds and ends them.

#include <csignal>
#include <filesystem>

#include "tests/e2e/process.hpp"
#include "tests/netns/linux_fixture.hpp"

namespace egress::kernel_tests {
namespace {

using state::KernelState;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class KernelHosts : public LinuxFixture {
 protected:
  KernelState lab(std::vector<std::string> listen = {"tcp/1433", "udp/53"}) {
    KernelState state;
    state["eg-host-sql"] = plain_netns();
    state["eg-host-sql"]->responder = state::Responder{"sql", std::move(listen)};
    return state;
  }
};

TEST_F(KernelHosts, AreStartedFoundAgainAndStopped) {
  converge(lab());
  EXPECT_EQ(observe(), lab());
  EXPECT_THAT(e2e::processes_with("egress-host"), SizeIs(1));
  restart();
  EXPECT_EQ(observe(), lab()) << "a responder outlives the daemon";
  EXPECT_EQ(converge(lab()), 0U);
  converge({});
  EXPECT_THAT(e2e::processes_with("egress-host"), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(std::string(kRunDir) + "/eg"));
}

TEST_F(KernelHosts, AreStartedAnewWhenTheirPortsChange) {
  converge(lab());
  converge(lab({"tcp/1433", "tcp/80"}));
  EXPECT_EQ(observe(), lab({"tcp/1433", "tcp/80"}));
  EXPECT_THAT(e2e::processes_with("egress-host"), SizeIs(1));
}

TEST_F(KernelHosts, ThatDiedAreMissedAndStartedAgain) {
  converge(lab());
  for (const pid_t pid : e2e::processes_with("egress-host")) kill(pid, SIGKILL);
  // A process is without its command line before it is without its locks.
  EXPECT_TRUE(e2e::eventually([&] { return !observe("eg-host-sql").responder.has_value(); }));
  converge(lab());
  EXPECT_EQ(observe(), lab());
}

TEST_F(KernelHosts, ThatDiedLeaveNoFileBehind) {
  converge(lab());
  for (const pid_t pid : e2e::processes_with("egress-host")) kill(pid, SIGKILL);
  EXPECT_TRUE(e2e::eventually([] { return e2e::processes_with("egress-host").empty(); }));
  converge({});
  EXPECT_FALSE(std::filesystem::exists(std::string(kRunDir) + "/eg"));
}

// As a daemon leaves it that dies while it starts one: the lock is held, the file still empty.
TEST_F(KernelHosts, ThatNeverSaidWhatTheyAreAreReplaced) {
  converge(lab());
  const std::string file = std::string(kRunDir) + "/eg/hosts/sql";
  std::filesystem::resize_file(file, 0);
  EXPECT_FALSE(observe("eg-host-sql").responder.has_value());
  converge(lab());
  EXPECT_EQ(observe(), lab());
  EXPECT_THAT(e2e::processes_with("egress-host"), SizeIs(1));
  std::filesystem::resize_file(file, 0);
  converge({});
  EXPECT_THAT(e2e::processes_with("egress-host"), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(std::string(kRunDir) + "/eg"));
}

TEST_F(KernelHosts, ThatCannotListenSayWhy) {
  KernelState without = lab();
  without["eg-host-sql"]->responder.reset();
  converge(without);
  e2e::Background squatter({"ip", "netns", "exec", "eg-host-sql", EGRESS_HOST_PROGRAM, "--host",
                            "squatter", "--lock", "/run/squatter", "tcp/1433"},
                           "ready");
  ASSERT_TRUE(squatter.ready());
  const Status status =
      apply(state::Verb::kAdd, "eg-host-sql", state::Responder{"sql", {"tcp/1433"}});
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().kernel_text, HasSubstr("in use"));
  EXPECT_EQ(observe(), without);
}

TEST_F(KernelHosts, ThatIgnoreTheFirstSignalAreEndedByTheSecond) {
  converge(lab());
  for (const pid_t pid : e2e::processes_with("egress-host")) kill(pid, SIGSTOP);
  converge({});
  EXPECT_THAT(e2e::processes_with("egress-host"), IsEmpty());
}

// Nobody can reach such a responder any more, but it would keep its namespace and its lock.
TEST_F(KernelHosts, WhoseNamespaceLostItsNameAreEnded) {
  converge(lab());
  by_hand("ip netns del eg-host-sql");
  converge({});
  EXPECT_THAT(e2e::processes_with("egress-host"), IsEmpty());

  converge(lab());
  by_hand("ip netns del eg-host-sql;" + make_marked("eg-host-sql"));
  converge(lab());
  EXPECT_EQ(observe(), lab());
  EXPECT_THAT(e2e::processes_with("egress-host"), SizeIs(1));
}

TEST_F(KernelHosts, OfAnotherPrefixWithTheSameNameLiveOn) {
  const auto other = open_kernel("other");
  const auto op = [](const std::string& netns, state::Verb verb, state::Object object) {
    return state::Op{state::Phase::kAddNetns, verb, netns, std::move(object)};
  };
  const state::Responder sql{"sql", {"tcp/1433", "udp/53"}};
  EXPECT_OK(other->apply(op("other-host-sql", state::Verb::kAdd, state::NetnsObject{})));
  EXPECT_OK(other->apply(op("other-host-sql", state::Verb::kAdd, sql)));
  converge(lab());
  EXPECT_THAT(e2e::processes_with("egress-host"), SizeIs(2));
  converge({});
  EXPECT_EQ(other->observe()->at("other-host-sql")->responder, sql);
  EXPECT_OK(other->apply(op("other-host-sql", state::Verb::kRemove, sql)));
  EXPECT_OK(other->apply(op("other-host-sql", state::Verb::kRemove, state::NetnsObject{})));
  EXPECT_THAT(e2e::processes_with("egress-host"), IsEmpty());
}

}  // namespace
}  // namespace egress::kernel_tests
