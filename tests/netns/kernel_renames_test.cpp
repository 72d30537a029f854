// SPDX-License-Identifier: MIT
// Namespaces that take the name of others on the real kernel: what runs in them, and who is
// connected from there, goes on, also when the rename was cut short.

#include <csignal>
#include <filesystem>

#include "tests/netns/linux_fixture.hpp"
#include "tests/support/live_flows.hpp"
#include "tests/support/process.hpp"

namespace egress::kernel_tests {
namespace {

using namespace testing_support;

using state::KernelState;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const state::Renames kRenames = {{"eg-app-next", "eg-app"}};
const std::string kProcesses = std::string(kRunDir) + "/eg/processes";
constexpr uint16_t kPort = 9000;

class KernelRenames : public LinuxFixture {
 protected:
  // An app's namespace of this name, with a process in it, behind a router by whose program it is
  // attached.
  static void add_app(KernelState& state, const std::string& app, const std::string& link,
                      const std::string& network) {
    state.try_emplace("eg-router", plain_netns());
    state["eg-router"]->processes["program"] = {"program", EGRESS_ATTACHABLE_PROGRAM};
    state[app] = plain_netns();
    // The pair's own numbers do not go by its namespace's name.
    KernelState pair;
    join(pair, "eg-app-next", "eth0", "eg-router", link);
    state[app]->links["eth0"] = pair["eg-app-next"]->links.at("eth0");
    state["eg-router"]->links[link] = pair["eg-router"]->links.at(link);
    state["eg-router"]->links.at(link).peer.netns = app;
    state[app]->addresses = {{"eth0", ip(network + ".2"), 24}};
    state["eg-router"]->addresses.insert({link, ip(network + ".1"), 24});
    state[app]->firewall = state::make_firewall(
        {.chains = {{"in", {.rules = {{"meta l4proto icmp counter accept", network}}}}}});
    state[app]->processes["resident"] = {.name = "resident",
                                         .program = "/bin/sh",
                                         .arguments = {"-c", "echo ready && exec sleep infinity"},
                                         .files = {{"link", link}}};
    state[app]->attachments["dns"] =
        state::make_attachment("dns", {"eg-router", "program"}, "settings of " + link);
  }
  static KernelState both() {
    KernelState state;
    add_app(state, "eg-app", "e-old", "10.0.1");
    add_app(state, "eg-app-next", "e-new", "10.0.2");
    return state;
  }
  static KernelState alone() {
    KernelState state;
    add_app(state, "eg-app", "e-new", "10.0.2");
    return state;
  }
  static Endpoints outwards() { return {"eg-app-next", "eg-router", ip("10.0.2.1"), kPort}; }
  static Endpoints inwards() { return {"eg-router", "eg-app-next", ip("10.0.2.2"), kPort}; }

  static std::string inode_of(const std::string& netns) {
    return run({"stat", "-Lc", "%i", "/run/netns/" + netns}).out;
  }
  // Of the new app and the program, whatever their places are called.
  static std::vector<pid_t> processes() {
    std::vector<pid_t> all = processes_with(EGRESS_ATTACHABLE_PROGRAM);
    for (const pid_t pid : processes_with("infinity")) {
      const std::string folder =
          std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/cwd");
      if (read_file(folder + "/link") == "e-new") all.push_back(pid);
    }
    return all;
  }
  // The file that the program writes for what it is given, with what changes when it does.
  static std::string given() {
    const std::string folder = kProcesses + "/eg-router/program/";
    return run_script("cd " + folder + "; ls *:dns; stat -c %y.%i *:dns").out;
  }
  static void signal_programs(int number) {
    for (const pid_t pid : processes_with(EGRESS_ATTACHABLE_PROGRAM)) kill(pid, number);
  }
  void expect_the_new_one_alone() {
    EXPECT_EQ(observe(), alone());
    EXPECT_EQ(run_script("ls /run/netns").out, "eg-app\neg-router\n");
    EXPECT_THAT(run({"ip", "netns", "list"}).out, Not(HasSubstr("eg-app-next")));
    EXPECT_EQ(run_script("cd " + kProcesses + "; ls").out, "eg-app\neg-router\n");
    EXPECT_THAT(kernel().foreign(), IsEmpty());
  }
};

TEST_F(KernelRenames, LeaveConnectionsAndFlowsAlone) {
  converge(both());
  const uint64_t dropped_before = dropped_by_queues();
  UdpFlow flow(outwards());
  TcpStream stream(outwards());
  TcpStream answers(inwards());
  const auto goes_on = [&] {
    const uint64_t flowed = flow.received();
    const uint64_t streamed = stream.received();
    const uint64_t answered = answers.received();
    return eventually([&] {
      return flow.received() > flowed + 100 && stream.received() > streamed &&
             answers.received() > answered;
    });
  };
  EXPECT_TRUE(goes_on());
  converge(alone(), kRenames);
  EXPECT_TRUE(goes_on());
  restart();
  EXPECT_EQ(converge(alone(), kRenames), 0U);
  EXPECT_TRUE(goes_on());
  flow.stop();
  stream.stop();
  answers.stop();
  EXPECT_GE(flow.received() + dropped_by_queues() - dropped_before, flow.sent());
  EXPECT_EQ(stream.received(), stream.sent());
  EXPECT_EQ(answers.received(), answers.sent());
  expect_the_new_one_alone();
}

TEST_F(KernelRenames, AreTheOnlyChangeWhereNothingElseDiffers) {
  KernelState next;
  add_app(next, "eg-app-next", "e-new", "10.0.2");
  converge(next);
  const std::string inode = inode_of("eg-app-next");
  const auto before = processes();
  EXPECT_EQ(before.size(), 2U);
  EXPECT_EQ(converge(alone(), kRenames), 1U);
  EXPECT_EQ(inode_of("eg-app"), inode);
  EXPECT_EQ(processes(), before);
  expect_the_new_one_alone();
  EXPECT_EQ(converge(next, {{"eg-app", "eg-app-next"}}), 1U) << "and back";
  EXPECT_EQ(processes(), before);
}

TEST_F(KernelRenames, KeepWhatIsAttachedAndSpeakOfItByTheNewName) {
  KernelState next;
  add_app(next, "eg-app-next", "e-new", "10.0.2");
  converge(next);
  EXPECT_THAT(given(), HasSubstr("eg-app-next:dns"));
  const std::string file = given().substr(given().find('\n'));
  converge(alone(), kRenames);
  EXPECT_EQ(given(), "eg-app:dns" + file) << "it was not attached anew";
  KernelState other = alone();
  other["eg-app"]->attachments["dns"] =
      state::make_attachment("dns", {"eg-router", "program"}, "other");
  EXPECT_EQ(converge(other), 1U);
  other["eg-app"]->attachments.clear();
  converge(other);
  EXPECT_EQ(run_script("ls " + kProcesses + "/eg-router/program | grep dns || true").out, "");
}

TEST_F(KernelRenames, LetProgramsFollowLaterThatDoNotAnswer) {
  KernelState next;
  add_app(next, "eg-app-next", "e-new", "10.0.2");
  converge(next);
  const std::string file = given().substr(given().find('\n'));
  signal_programs(SIGSTOP);
  EXPECT_OK(apply(state::Verb::kChange, "eg-app-next", state::NetnsRename{"eg-app"}));
  signal_programs(SIGCONT);
  EXPECT_EQ(converge(alone()), 0U);
  EXPECT_EQ(given(), "eg-app:dns" + file) << "it was not attached anew";
}

TEST_F(KernelRenames, AttachAnewWhatAProgramDoesNotMove) {
  converge(both());
  // The old one's attachment, which nobody has ended, is in the way.
  EXPECT_OK(apply(state::Verb::kRemove, "eg-app", both().at("eg-app")->processes.at("resident")));
  EXPECT_OK(apply(state::Verb::kRemove, "eg-app", state::NetnsObject{}));
  EXPECT_OK(apply(state::Verb::kChange, "eg-app-next", state::NetnsRename{"eg-app"}));
  EXPECT_THAT(observe("eg-app").attachments, IsEmpty());
  converge(alone());
  expect_the_new_one_alone();
}

TEST_F(KernelRenames, TakeNoNamespaceThatHasLostItsMark) {
  converge(both());
  by_hand("ip netns del eg-app; ip -n eg-app-next link set lo alias ''");
  EXPECT_EQ(apply(state::Verb::kChange, "eg-app-next", state::NetnsRename{"eg-app"}).error().code,
            Errc::kNotFound);
  EXPECT_EQ(run_script("ls /run/netns").out, "eg-app-next\neg-router\n");
  by_hand("ip -n eg-app-next link set lo alias 'egressd eg /state'");
}

TEST_F(KernelRenames, GiveNoNameOutsideOfOurs) {
  converge(both());
  for (const char* name : {"other-x", "eg-x/../y"}) {
    EXPECT_EQ(apply(state::Verb::kChange, "eg-app", state::NetnsRename{name}).error().code,
              Errc::kInvalid)
        << name;
  }
  EXPECT_EQ(observe(), both());
}

// How far the daemon has come with it when it is killed.
enum class Done { kNothing, kFile, kNewName, kOldMount, kOldName, kProcessFolder };

void rename_by_hand(Done done) {
  if (done >= Done::kFile) by_hand("printf 'egressd eg /state' >/run/netns/eg-app");
  if (done >= Done::kNewName) by_hand("mount --bind /run/netns/eg-app-next /run/netns/eg-app");
  if (done >= Done::kOldMount) by_hand("umount -l /run/netns/eg-app-next");
  if (done >= Done::kOldName) by_hand("rm /run/netns/eg-app-next");
  if (done >= Done::kProcessFolder) {
    by_hand("cd /run/egressd/eg/processes; mv eg-app-next eg-app");
  }
}

class KernelRenamesCutShort : public KernelRenames, public testing::WithParamInterface<Done> {
 protected:
  // The old one is gone, and of the rename so much is done.
  void cut_short() {
    KernelState next;
    add_app(next, "eg-app-next", "e-new", "10.0.2");
    converge(both());
    converge(next);
    inode_ = inode_of("eg-app-next");
    processes_ = processes();
    EXPECT_EQ(processes_.size(), 2U);
    rename_by_hand(GetParam());
  }
  void expect_healed() {
    kernel().expect(std::make_shared<const KernelState>(alone()));
    EXPECT_LE(converge(alone(), kRenames), 1U);
    EXPECT_EQ(inode_of("eg-app"), inode_);
    EXPECT_EQ(processes(), processes_);
    restart();  // which sweeps
    expect_the_new_one_alone();
  }

  std::string inode_{};
  std::vector<pid_t> processes_{};
};

TEST_P(KernelRenamesCutShort, AreFinishedByTheNextDaemon) {
  cut_short();
  restart();
  expect_healed();
}

TEST_P(KernelRenamesCutShort, AreFinishedByTheSameDaemon) {
  cut_short();
  expect_healed();
}

TEST_P(KernelRenamesCutShort, LoseNoPacketInBeingFinished) {
  cut_short();
  Endpoints ends = outwards();
  if (GetParam() >= Done::kOldMount) ends.from = "eg-app";
  TcpStream stream(ends);
  EXPECT_TRUE(eventually([&] { return stream.received() > 1000; }));
  restart();
  expect_healed();
  const uint64_t before = stream.received();
  EXPECT_TRUE(eventually([&] { return stream.received() > before + 1000; }));
  stream.stop();
  EXPECT_EQ(stream.received(), stream.sent());
}

INSTANTIATE_TEST_SUITE_P(Kill, KernelRenamesCutShort,
                         testing::Values(Done::kNothing, Done::kFile, Done::kNewName,
                                         Done::kOldMount, Done::kOldName, Done::kProcessFolder));

// Somebody who wants the old one finds it under the old name.
TEST_F(KernelRenames, AreTakenBackWhereTheNewNameIsNotWanted) {
  KernelState next;
  add_app(next, "eg-app-next", "e-new", "10.0.2");
  converge(next);
  rename_by_hand(Done::kNewName);
  restart();
  kernel().expect(std::make_shared<const KernelState>(next));
  EXPECT_EQ(converge(next), 0U);
  EXPECT_EQ(run_script("ls /run/netns").out, "eg-app-next\neg-router\n");
}

}  // namespace
}  // namespace egress::kernel_tests
