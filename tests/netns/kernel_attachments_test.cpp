// SPDX-License-Identifier: MIT
// Attachments of processes on the real kernel: what the program is given, and what becomes of them
// when processes, namespaces and the daemon come and go.

#include <poll.h>

#include <csignal>

#include "kernel/attachment/protocol.hpp"
#include "tests/netns/linux_fixture.hpp"
#include "tests/support/process.hpp"
#include "tests/support/unix_socket.hpp"

namespace egress::kernel_tests {
namespace {

using namespace testing_support;
using state::KernelState;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Key;

const state::ProcessRef kProgram{"eg-stamp", "program"};
constexpr std::chrono::milliseconds kPatience{10'000};
const std::string kFolder = std::string(kRunDir) + "/eg/processes/eg-stamp/program";

class KernelAttachments : public LinuxFixture {
 protected:
  // A program in eg-stamp that is attached in eg-app.
  static KernelState lab(const std::string& settings = "settings", bool home = false) {
    KernelState state{{"eg-app", plain_netns()}, {"eg-stamp", plain_netns()}};
    state["eg-stamp"]->processes["program"] = {"program", EGRESS_ATTACHABLE_PROGRAM};
    state::Attachment& attachment = state["eg-app"]->attachments["dns"];
    attachment = state::make_attachment("dns", kProgram, settings);
    attachment.home = home;
    return state;
  }
  static std::string inode_of(const std::string& path) {
    return run({"stat", "-Lc", "%i", path}).out;
  }
  static std::string given() { return read_file(kFolder + "/eg-app:dns"); }
  static std::vector<pid_t> programs() { return processes_with(EGRESS_ATTACHABLE_PROGRAM); }
  static void signal_programs(int number) {
    for (const pid_t pid : programs()) kill(pid, number);
  }
  bool told_of_a_change(int milliseconds) {
    pollfd feed{.fd = kernel().changes_fd(), .events = POLLIN, .revents = 0};
    return ::poll(&feed, 1, milliseconds) > 0;
  }
};

TEST_F(KernelAttachments, TheProgramIsGivenTheNamespaceTheSettingsAndTheDaemonsNetworkIfItNeedsIt) {
  converge(lab());
  EXPECT_EQ(given(), inode_of("/run/netns/eg-app") + "none\nsettings\n");
  converge(lab("settings", true));
  EXPECT_EQ(given(), inode_of("/run/netns/eg-app") + inode_of("/proc/self/ns/net") + "settings\n");
}

TEST_F(KernelAttachments, SettingsOfAnySizeArrive) {
  const std::string large(3'000'000, 'x');
  converge(lab(large));
  EXPECT_EQ(given(), inode_of("/run/netns/eg-app") + "none\n" + large + "\n");
}

TEST_F(KernelAttachments, AreFoundAgainByTheNextDaemon) {
  converge(lab());
  restart();
  EXPECT_EQ(observe(), lab());
  EXPECT_EQ(converge(lab()), 0U);
}

TEST_F(KernelAttachments, ARefusalIsToldInTheProgramsWordsAndWhatWasInForceStays) {
  converge(lab());
  const auto bad = lab("refuse this").at("eg-app")->attachments.at("dns");
  const Status refused = apply(state::Verb::kChange, "eg-app", bad);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().to_string(), HasSubstr("I do not like refuse this"));
  EXPECT_EQ(observe(), lab());
}

TEST_F(KernelAttachments, AreMadeAnewWhenTheirProcessDied) {
  converge(lab());
  EXPECT_FALSE(told_of_a_change(0));
  signal_programs(SIGKILL);
  EXPECT_TRUE(told_of_a_change(-1)) << "the end of a process is heard";
  EXPECT_TRUE(eventually([&] { return observe("eg-app").attachments.empty(); }));
  converge(lab());
  EXPECT_EQ(given(), inode_of("/run/netns/eg-app") + "none\nsettings\n");
  EXPECT_FALSE(told_of_a_change(0)) << "whoever has ended is forgotten";
}

TEST_F(KernelAttachments, LeaveANamespaceThatLostItsNameAndFollowTheName) {
  converge(lab());
  by_hand("ip netns del eg-app");
  EXPECT_THAT(observe("eg-app#stray").attachments, ElementsAre(Key("dns")));
  converge(lab());
  EXPECT_EQ(given(), inode_of("/run/netns/eg-app") + "none\nsettings\n");

  by_hand("ip netns del eg-app;" + make_marked("eg-app"));
  converge(lab());
  EXPECT_EQ(given(), inode_of("/run/netns/eg-app") + "none\nsettings\n");

  by_hand("ip netns del eg-app");
  KernelState without = lab();
  without.erase("eg-app");
  converge(without);
  EXPECT_EQ(given(), "");
}

TEST_F(KernelAttachments, HoldNoNamespaceOpenOnceTheyAreGone) {
  converge(lab());
  const std::string inode = inode_of("/run/netns/eg-app");
  KernelState without = lab();
  without.erase("eg-app");
  converge(without);
  EXPECT_THAT(run_script("find /proc/*/fd -lname 'net:*' -printf '%l\\n' 2>/dev/null; true").out,
              testing::Not(HasSubstr(inode.substr(0, inode.size() - 1))));
}

// One wait for each process in a pass, not for each of its attachments.
TEST_F(KernelAttachments, AProgramThatDoesNotAnswerIsAskedOnceInAPass) {
  converge(lab());
  signal_programs(SIGSTOP);
  const auto other = lab("other").at("eg-app")->attachments.at("dns");
  const Status first = apply(state::Verb::kChange, "eg-app", other);
  ASSERT_FALSE(first.ok());
  EXPECT_EQ(first.error().code, Errc::kBusy);
  EXPECT_THAT(first.error().to_string(), HasSubstr("does not answer"));
  EXPECT_THAT(apply(state::Verb::kRemove, "eg-app", other).error().to_string(),
              HasSubstr("has not answered before"));
  signal_programs(SIGCONT);
  converge(lab("another"));
}

TEST_F(KernelAttachments, AProgramAnswersQuestionsOfAnySizeOrSaysWhyNot) {
  converge(lab());
  const auto program = kernel().program(kProgram).value();
  const std::string question(10'000, 'x');
  EXPECT_EQ(program->ask(question, kPatience).value(), "you ask: " + question);
  EXPECT_THAT(program->ask("refuse", kPatience).error().to_string(), HasSubstr("do not like"));
}

TEST_F(KernelAttachments, AProgramThatDoesNotAnswerIsWaitedForAsLongAsWasSaid) {
  converge(lab());
  const auto program = kernel().program(kProgram).value();
  signal_programs(SIGSTOP);
  EXPECT_EQ(program->ask("are you there", std::chrono::milliseconds(1)).error().code, Errc::kBusy);
  signal_programs(SIGCONT);
  EXPECT_TRUE(program->ask("are you there", kPatience).ok());
}

TEST_F(KernelAttachments, AProgramThatHasEndedIsNotReached) {
  EXPECT_EQ(kernel().program(kProgram).error().code, Errc::kNotFound);
  converge(lab());
  const auto program = kernel().program(kProgram).value();
  converge({});
  EXPECT_EQ(program->ask("are you there", kPatience).error().code, Errc::kNotFound);
  EXPECT_EQ(program->records("all").error().code, Errc::kNotFound);
}

TEST_F(KernelAttachments, RecordsBeginWithWhatTheyAreToBeAboutAndDoNotBlock) {
  converge(lab());
  const UniqueFd listening = bound_to(kFolder + "/.records", SOCK_SEQPACKET);
  ASSERT_EQ(::listen(listening.get(), 1), 0);
  const auto program = kernel().program(kProgram).value();
  const auto reader = program->records("all");
  ASSERT_TRUE(reader.ok()) << reader.error().to_string();
  const UniqueFd writer(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
  EXPECT_EQ(kernel::receive_message(writer.get()).value().text, "all");
  EXPECT_EQ(kernel::receive_message(reader->get()).error().code, Errc::kBusy);
  EXPECT_OK(kernel::send_message(writer.get(), "a packet"));
  EXPECT_EQ(kernel::receive_message(reader->get()).value().text, "a packet");
}

TEST_F(KernelAttachments, TheEndOfAProcessIsToldApartFromOtherChanges) {
  converge(lab());
  by_hand("ip -n eg-app link set lo mtu 1400");
  EXPECT_TRUE(told_of_a_change(10'000));
  EXPECT_FALSE(kernel().lost_a_process());
  observe();
  signal_programs(SIGKILL);
  EXPECT_TRUE(told_of_a_change(10'000));
  EXPECT_TRUE(kernel().lost_a_process());
  observe();
  EXPECT_FALSE(kernel().lost_a_process());
}

TEST_F(KernelAttachments, OfAProcessThatListsNonsenseAreMadeAnew) {
  converge(lab());
  for (const char* nonsense : {"{}", "nonsense", "",
                               R"({"name":"dns","netns":"../../x",)"
                               R"("identity":[1,2],"digest":"d","home":false})"}) {
    by_hand("printf '%s\\n' '" + std::string(nonsense) + "' >" + kFolder + "/.attached");
    converge(lab());
    EXPECT_EQ(observe(), lab());
  }
  by_hand("cd " + kFolder + "; rm .attached; mkfifo .attached");
  EXPECT_THAT(observe("eg-app").attachments, IsEmpty());
  converge(lab());
}

}  // namespace
}  // namespace egress::kernel_tests
