// SPDX-License-Identifier: MIT
// Processes as the kernel layer starts, finds and ends them: responders, and other programs.

#include <fcntl.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "kernel/process/child_process.hpp"
#include "tests/netns/linux_fixture.hpp"
#include "tests/support/process.hpp"

namespace egress::kernel_tests {
namespace {

using namespace testing_support;

using state::KernelState;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::string kFolder = std::string(kRunDir) + "/eg/processes/eg-host-sql/responder";

class KernelHosts : public LinuxFixture {
 protected:
  static state::Process responder(const std::vector<std::string>& listen) {
    state::Process process{"responder", "egress-host", {"--host", "sql"}};
    process.arguments.insert(process.arguments.end(), listen.begin(), listen.end());
    return process;
  }
  static state::Process shell(const std::string& script) {
    return {.name = "responder", .program = "/bin/sh", .arguments = {"-c", script}};
  }
  static KernelState lab_with(const state::Process& process) {
    KernelState state{{"eg-host-sql", plain_netns()}};
    state["eg-host-sql"]->processes["responder"] = process;
    return state;
  }
  KernelState lab(const std::vector<std::string>& listen = {"tcp/1433", "udp/53"}) {
    return lab_with(responder(listen));
  }
};

TEST_F(KernelHosts, AreStartedFoundAgainAndStopped) {
  converge(lab());
  EXPECT_EQ(observe(), lab());
  EXPECT_THAT(processes_with("egress-host"), SizeIs(1));
  restart();
  EXPECT_EQ(observe(), lab()) << "a responder outlives the daemon";
  EXPECT_EQ(converge(lab()), 0U);
  converge({});
  EXPECT_THAT(processes_with("egress-host"), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(std::string(kRunDir) + "/eg"));
}

TEST_F(KernelHosts, AreStartedAnewWhenTheirPortsChange) {
  converge(lab());
  converge(lab({"tcp/1433", "tcp/80"}));
  EXPECT_EQ(observe(), lab({"tcp/1433", "tcp/80"}));
  EXPECT_THAT(processes_with("egress-host"), SizeIs(1));
}

TEST_F(KernelHosts, ThatDiedAreMissedAndStartedAgain) {
  converge(lab());
  for (const pid_t pid : processes_with("egress-host")) kill(pid, SIGKILL);
  // A process is without its command line before it is without its locks.
  EXPECT_TRUE(eventually([&] { return observe("eg-host-sql").processes.empty(); }));
  converge(lab());
  EXPECT_EQ(observe(), lab());
}

TEST_F(KernelHosts, ThatDiedLeaveNoFileBehind) {
  converge(lab());
  for (const pid_t pid : processes_with("egress-host")) kill(pid, SIGKILL);
  EXPECT_TRUE(eventually([] { return processes_with("egress-host").empty(); }));
  converge({});
  EXPECT_FALSE(std::filesystem::exists(std::string(kRunDir) + "/eg"));
}

// As a daemon leaves it that dies while it starts one: the lock is held, the file still empty.
TEST_F(KernelHosts, ThatNeverSaidWhatTheyAreAreReplaced) {
  converge(lab());
  const std::string file = kFolder + "/.process";
  std::filesystem::resize_file(file, 0);
  EXPECT_THAT(observe("eg-host-sql").processes, IsEmpty());
  converge(lab());
  EXPECT_EQ(observe(), lab());
  EXPECT_THAT(processes_with("egress-host"), SizeIs(1));
  std::filesystem::resize_file(file, 0);
  converge({});
  EXPECT_THAT(processes_with("egress-host"), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(std::string(kRunDir) + "/eg"));
}

TEST_F(KernelHosts, ThatCannotListenSayWhy) {
  KernelState without = lab();
  without["eg-host-sql"]->processes.clear();
  converge(without);
  Background other(
      {"ip", "netns", "exec", "eg-host-sql", EGRESS_HOST_PROGRAM, "--host", "other", "tcp/1433"},
      "ready");
  ASSERT_TRUE(other.ready());
  const Status status = apply(state::Verb::kAdd, "eg-host-sql", responder({"tcp/1433"}));
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().kernel_text, HasSubstr("in use"));
  EXPECT_EQ(observe(), without);
}

// As a daemon leaves one that dies, or loses its patience, before the program is ready.
TEST_F(KernelHosts, ThatAreNotReadyInTimeAreEndedByTheNextPass) {
  KernelState without = lab();
  without["eg-host-sql"]->processes.clear();
  converge(without);
  by_hand("mkdir -p " + kFolder);
  {
    const UniqueFd lock(
        ::open((kFolder + "/.process").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    const UniqueFd netns(::open("/run/netns/eg-host-sql", O_RDONLY | O_CLOEXEC));
    const Status started =
        kernel::start_detached({.command = {"/bin/sh", "-c", "exec sleep infinity"},
                                .folder = kFolder,
                                .netns_fd = netns.get(),
                                .lock_fd = lock.get()},
                               std::chrono::milliseconds(100));
    EXPECT_EQ(started.error().sys_errno, ETIMEDOUT);
  }
  const std::string sleeper = std::string("sleep") + '\0' + "infinity";
  EXPECT_THAT(processes_with(sleeper), SizeIs(1));
  EXPECT_EQ(observe().size(), 2U) << "it is in no namespace of the lab";
  converge(lab());
  EXPECT_THAT(processes_with(sleeper), IsEmpty());
}

TEST_F(KernelHosts, ThatEndBeforeTheyAreReadyHaveTheirWordsInTheError) {
  KernelState without = lab();
  without["eg-host-sql"]->processes.clear();
  converge(without);
  const Status failed =
      apply(state::Verb::kAdd, "eg-host-sql", shell("echo no such zone >&2; exit 1"));
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().kernel_text, "no such zone");
  state::Process absent = shell("");
  absent.program = "/none";
  EXPECT_THAT(apply(state::Verb::kAdd, "eg-host-sql", absent).error().kernel_text,
              HasSubstr("cannot execute"));
  absent.program = "none";
  EXPECT_EQ(apply(state::Verb::kAdd, "eg-host-sql", absent).error().code, Errc::kInvalid);
  EXPECT_EQ(observe(), without);
  EXPECT_FALSE(std::filesystem::exists(std::string(kRunDir) + "/eg"));
}

TEST_F(KernelHosts, WorkInAFolderOfTheirOwnWithNothingOfTheirPredecessorInIt) {
  state::Process process = shell("cat first > copy && echo ready && exec sleep infinity");
  process.files = {{"first", "text\n"}, {"second", ""}};
  converge(lab_with(process));
  EXPECT_EQ(run_script("cd " + kFolder + "; ls; cat copy; stat -c %a first copy").out,
            "copy\nfirst\nsecond\ntext\n600\n644\n");
  for (const pid_t pid : processes_with(std::string("sleep") + '\0' + "infinity")) {
    kill(pid, SIGKILL);
  }
  process.files.erase("second");
  EXPECT_TRUE(eventually([&] { return observe("eg-host-sql").processes.empty(); }));
  converge(lab_with(process));
  EXPECT_EQ(run_script("ls " + kFolder).out, "copy\nfirst\n");
  converge({});
  EXPECT_FALSE(std::filesystem::exists(std::string(kRunDir) + "/eg"));
}

TEST_F(KernelHosts, WhoseSpecIsNoTextAreRefused) {
  KernelState without = lab();
  without["eg-host-sql"]->processes.clear();
  converge(without);
  const Status refused = apply(state::Verb::kAdd, "eg-host-sql", shell("\xff"));
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("UTF-8"));
}

TEST_F(KernelHosts, ThatIgnoreTheFirstSignalAreEndedByTheSecond) {
  converge(lab());
  for (const pid_t pid : processes_with("egress-host")) kill(pid, SIGSTOP);
  converge({});
  EXPECT_THAT(processes_with("egress-host"), IsEmpty());
}

// Nobody can reach such a responder any more, but it would keep its namespace and its lock.
TEST_F(KernelHosts, WhoseNamespaceLostItsNameAreEnded) {
  converge(lab());
  by_hand("ip netns del eg-host-sql");
  converge({});
  EXPECT_THAT(processes_with("egress-host"), IsEmpty());

  converge(lab());
  by_hand("ip netns del eg-host-sql;" + make_marked("eg-host-sql"));
  converge(lab());
  EXPECT_EQ(observe(), lab());
  EXPECT_THAT(processes_with("egress-host"), SizeIs(1));
}

TEST_F(KernelHosts, OfAnotherPrefixWithTheSameNameLiveOn) {
  const auto other = open_kernel("other");
  const auto op = [](const std::string& netns, state::Verb verb, state::Object object) {
    return state::Op{state::Phase::kAddNetns, verb, netns, std::move(object)};
  };
  const state::Process sql = responder({"tcp/1433", "udp/53"});
  EXPECT_OK(other->apply(op("other-host-sql", state::Verb::kAdd, state::NetnsObject{})));
  EXPECT_OK(other->apply(op("other-host-sql", state::Verb::kAdd, sql)));
  converge(lab());
  EXPECT_THAT(processes_with("egress-host"), SizeIs(2));
  converge({});
  EXPECT_EQ(other->observe()->at("other-host-sql")->processes.at("responder"), sql);
  EXPECT_OK(other->apply(op("other-host-sql", state::Verb::kRemove, sql)));
  EXPECT_OK(other->apply(op("other-host-sql", state::Verb::kRemove, state::NetnsObject{})));
  EXPECT_THAT(processes_with("egress-host"), IsEmpty());
}

}  // namespace
}  // namespace egress::kernel_tests
