// SPDX-License-Identifier: MIT
// Processes as the kernel layer starts, finds and ends them: responders, and other programs.

#include <fcntl.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "kernel/process/child_process.hpp"
#include "settings/responder_text.hpp"
#include "tests/netns/linux_fixture.hpp"
#include "tests/support/attached_program.hpp"
#include "tests/support/files.hpp"
#include "tests/support/process.hpp"

namespace egress::kernel_tests {
namespace {

using namespace testing_support;

using state::KernelState;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr Port kSql{Protocol::kTcp, 1433};
constexpr Port kDns{Protocol::kUdp, 53};
constexpr Port kHttp{Protocol::kTcp, 80};
const state::Process kResponder{"responder", "egress-host"};
const std::string kFolder = std::string(kRunDir) + "/eg/processes/eg-host-sql/responder";

// As a process that dies holds it for a moment longer than its command line.
bool is_locked(const std::string& path) {
  const UniqueFd file(open(path.c_str(), O_RDWR | O_CLOEXEC));
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return fcntl(file.get(), F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

class KernelHosts : public LinuxFixture {
 protected:
  static state::Attachment attachment(const std::set<Port>& listen) {
    return state::make_attachment("responder", {"eg-host-sql", "responder"},
                                  settings::to_text({.host = "sql", .listen = listen}));
  }
  static state::Process shell(const std::string& script) {
    return {.name = "responder", .program = "/bin/sh", .arguments = {"-c", script}};
  }
  static KernelState lab_with(const state::Process& process) {
    KernelState state{{"eg-host-sql", plain_netns()}};
    state["eg-host-sql"]->processes["responder"] = process;
    return state;
  }
  static KernelState lab(const std::set<Port>& listen = {kSql, kDns}) {
    KernelState state = lab_with(kResponder);
    state["eg-host-sql"]->attachments["responder"] = attachment(listen);
    return state;
  }
  static KernelState without_processes() {
    KernelState state = lab();
    state["eg-host-sql"]->processes.clear();
    state["eg-host-sql"]->attachments.clear();
    return state;
  }
};

// A socket would hold its namespace, whoever has removed that since.
TEST_F(KernelHosts, InheritNoFileThatALibraryHasOpenedInTheDaemon) {
  const UniqueFd by_a_library(::socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER));
  ASSERT_TRUE(by_a_library.valid());
  const auto named = [](const std::filesystem::path& file) {
    return std::filesystem::read_symlink(file).string();
  };
  const std::string socket = named("/proc/self/fd/" + std::to_string(by_a_library.get()));
  converge(lab());
  const auto responders = processes_with("egress-host");
  ASSERT_THAT(responders, SizeIs(1));
  std::vector<std::string> inherited;
  const auto files = "/proc/" + std::to_string(responders.front()) + "/fd";
  for (const auto& file : std::filesystem::directory_iterator(files)) {
    inherited.push_back(named(file));
  }
  EXPECT_THAT(inherited, Not(Contains(socket)));
}

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

TEST_F(KernelHosts, ChangeTheirPortsWhileTheyRun) {
  converge(lab());
  const auto before = processes_with("egress-host");
  converge(lab({kSql, kHttp}));
  EXPECT_EQ(observe(), lab({kSql, kHttp}));
  EXPECT_EQ(processes_with("egress-host"), before);
}

TEST_F(KernelHosts, ReadTheirFilesAgainWhereTheySayThatTheyDo) {
  const std::string seen = std::string(kRunDir) + "/seen";
  state::Process process =
      shell("trap 'cp note " + seen + "' HUP; echo ready; while :; do sleep 0.01; done");
  process.files = {{"note", "one"}};
  process.rereads_files = true;
  converge(lab_with(process));
  process.files = {{"note", "another"}};
  EXPECT_EQ(converge(lab_with(process)), 1U);
  EXPECT_TRUE(eventually([&] { return read_file(seen) == "another"; }));
  EXPECT_EQ(observe(), lab_with(process));
  converge({});
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
  EXPECT_TRUE(eventually([] { return !is_locked(kFolder + "/.process"); }));
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

TEST_F(KernelHosts, ThatCannotListenSayWhyAndGoOnAsTheyWere) {
  converge(lab({kSql}));
  AttachedProgram other({EGRESS_HOST_PROGRAM});
  ASSERT_TRUE(other.ready());
  EXPECT_OK(other.attach("eg-host-sql", "other",
                         settings::to_text({.host = "other", .listen = {kHttp}})));
  const Status status = apply(state::Verb::kChange, "eg-host-sql", attachment({kDns, kHttp}));
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().to_string(), HasSubstr("tcp/80: Address already in use"));
  EXPECT_EQ(observe(), lab({kSql}));
}

// As a daemon leaves one that dies, or loses its patience, before the program is ready.
TEST_F(KernelHosts, ThatAreNotReadyInTimeAreEndedByTheNextPass) {
  converge(without_processes());
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
  converge(without_processes());
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
  EXPECT_EQ(observe(), without_processes());
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
  converge(without_processes());
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
  EXPECT_OK(other->apply(op("other-host-sql", state::Verb::kAdd, state::NetnsObject{})));
  EXPECT_OK(other->apply(op("other-host-sql", state::Verb::kAdd, kResponder)));
  converge(lab());
  EXPECT_THAT(processes_with("egress-host"), SizeIs(2));
  converge({});
  EXPECT_EQ(other->observe()->at("other-host-sql")->processes.at("responder"), kResponder);
  EXPECT_OK(other->apply(op("other-host-sql", state::Verb::kRemove, kResponder)));
  EXPECT_OK(other->apply(op("other-host-sql", state::Verb::kRemove, state::NetnsObject{})));
  EXPECT_THAT(processes_with("egress-host"), IsEmpty());
}

}  // namespace
}  // namespace egress::kernel_tests
