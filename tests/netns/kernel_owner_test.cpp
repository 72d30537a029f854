// SPDX-License-Identifier: MIT
// What is ours and what is not: by its mark alone, whatever its name, and never the machine's own.

#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "kernel/netns_owner.hpp"
#include "tests/netns/linux_fixture.hpp"
#include "tests/support/process.hpp"

namespace egress::kernel_tests {
namespace {

using namespace testing_support;

using state::ForeignNetns;
using state::KernelState;
using state::NetnsObject;
using state::Verb;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Key;
using testing::Pair;
using testing::SizeIs;
using Kind = ForeignNetns::Kind;

class KernelOwner : public LinuxFixture {
 protected:
  void TearDown() override {
    LinuxFixture::TearDown();
    by_hand(
        "ip link set lo alias ''; for n in $(ls /run/netns); do ip netns del $n; done;"
        "rm -rf /run/foreign /run/elsewhere");
  }
  static KernelState app_and_worker() {
    KernelState state{{"eg-app-0", plain_netns()}, {"eg-worker-0", plain_netns()}};
    join(state, "eg-app-0", "eth0", "eg-worker-0", "e-site");
    return state;
  }
  // With something of each kind in it that a pass knows how to remove.
  static void furnish(const std::string& netns) {
    by_hand("ip -n " + netns + " link add m0 type veth peer name m1; ip -n " + netns +
            " addr add 192.0.2.5/24 dev m0; ip -n " + netns + " link set m0 up; ip -n " + netns +
            " route add default via 192.0.2.1; ip -n " + netns +
            " rule add pref 5 lookup 77; ip netns exec " + netns +
            " nft 'add table inet admin { chain in { type filter hook input priority 0; }; }'");
  }
  static std::string contents(const std::string& netns) {
    return run_script("ip netns exec " + netns +
                      " sh -c 'readlink /proc/self/ns/net; ip -o link; ip addr; ip rule; ip "
                      "route show table all; nft list ruleset; ip neigh'")
        .out;
  }
  const state::ForeignNames& foreign() {
    observe();
    return kernel().foreign();
  }
};

TEST_F(KernelOwner, LeavesNamespacesThatItDidNotMakeAsTheyAre) {
  const std::vector<std::string> names = {"eg-mine", "eg-app-9", "eg-app-0-x"};
  std::vector<std::string> before;
  for (const std::string& name : names) {
    by_hand("ip netns add " + name);
    furnish(name);
    before.push_back(contents(name));
  }
  converge(app_and_worker());
  restart();
  EXPECT_EQ(observe(), app_and_worker());
  EXPECT_THAT(foreign(), SizeIs(names.size()));
  converge({});
  for (size_t i = 0; i < names.size(); ++i) EXPECT_EQ(contents(names[i]), before[i]) << names[i];
}

TEST_F(KernelOwner, KnowsItsOwnAgainAndNotThoseOfAnotherPlace) {
  converge(app_and_worker());
  const std::string marked = run_script("ip -n eg-app-0 link show lo").out;
  EXPECT_THAT(marked, HasSubstr("alias egressd eg /state"));
  {
    const auto other = open_kernel("eg", "/elsewhere");
    EXPECT_THAT(*other->observe(), IsEmpty());
    const ForeignNetns ours{Kind::kOtherLab, {"eg", kStateDir}};
    EXPECT_THAT(other->foreign(), ElementsAre(Pair("eg-app-0", ours), Pair("eg-worker-0", ours)));
    EXPECT_OK(other->apply({state::Phase::kRemoveNetns, Verb::kRemove, "eg-app-0", NetnsObject{}}));
  }
  restart();
  EXPECT_EQ(observe(), app_and_worker());
  const auto marks = kernel::marks_of_all();
  ASSERT_TRUE(marks.ok()) << marks.error().to_string();
  EXPECT_EQ(marks->at("eg-app-0"), (state::NetnsMark{"eg", kStateDir}));
}

TEST_F(KernelOwner, GivesUpANamespaceWhoseMarkWasTakenAway) {
  converge(app_and_worker());
  for (const char* alias : {"", "mine", "egressd eg /elsewhere"}) {
    by_hand(std::string("ip -n eg-app-0 link set lo alias '") + alias + "'");
    EXPECT_THAT(observe(), ElementsAre(Key("eg-worker-0"))) << alias;
    EXPECT_THAT(kernel().foreign(), ElementsAre(Key("eg-app-0")));
    EXPECT_OK(apply(Verb::kRemove, "eg-app-0", NetnsObject{}));
    EXPECT_EQ(apply(Verb::kAdd, "eg-app-0", NetnsObject{}).error().code, Errc::kExists);
    by_hand("ip -n eg-app-0 link set lo alias 'egressd eg /state'");
    EXPECT_EQ(observe(), app_and_worker()) << "the mark is all that counts";
  }
}

// Between a look at the machine and the removal that follows from it.
TEST_F(KernelOwner, RemovesNoNamespaceThatTookANameMeanwhile) {
  converge(app_and_worker());
  by_hand("ip netns del eg-app-0; ip netns add eg-app-0");
  furnish("eg-app-0");
  const std::string before = contents("eg-app-0");
  EXPECT_OK(apply(Verb::kRemove, "eg-app-0", NetnsObject{}));
  by_hand("ip -n eg-worker-0 link set lo alias ''");
  EXPECT_OK(apply(Verb::kRemove, "eg-worker-0", NetnsObject{}));
  EXPECT_EQ(contents("eg-app-0"), before);
  EXPECT_THAT(foreign(), ElementsAre(Key("eg-app-0"), Key("eg-worker-0")));
}

TEST_F(KernelOwner, NeverTouchesTheMachinesOwnNamespaceUnderAnyNameOrMark) {
  // /run/netns has to be a mount point first: becoming one doubles the mounts that are in it.
  by_hand(
      "ip netns add first; ip netns del first; ip link set lo alias 'egressd eg /state';"
      "touch /run/netns/eg-app-0 /run/netns/eg-app-1;"
      "mount --bind /proc/self/ns/net /run/netns/eg-app-0;"
      "mount --bind /proc/1/ns/net /run/netns/eg-app-1;"
      "ip link add h0 type veth peer name h1; ip addr add 192.0.2.5/24 dev h0; ip link set h0 up;"
      "ip route add default via 192.0.2.1;"
      "nft 'add table inet admin { chain in { type filter hook input priority 0; }; }'");
  const std::string before = contents("eg-app-0");
  restart();
  EXPECT_THAT(foreign(), ElementsAre(Pair("eg-app-0", ForeignNetns{Kind::kMachine}),
                                     Pair("eg-app-1", ForeignNetns{Kind::kMachine})));
  EXPECT_EQ(apply(Verb::kAdd, "eg-app-0", NetnsObject{}).error().code, Errc::kExists);
  converge({{"eg-worker-0", plain_netns()}});
  converge({});
  EXPECT_EQ(contents("eg-app-0"), before);
  by_hand("ip link del h0; nft delete table inet admin");
}

TEST_F(KernelOwner, TakesNothingForRemovedInANamespaceThatItCannotOpen) {
  converge(app_and_worker());
  restart();
  rlimit usual{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &usual), 0);
  const rlimit none{0, usual.rlim_max};
  const state::LinkPair pair{app_and_worker().at("eg-app-0")->links.at("eth0"), {}};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const Status firewall = apply(Verb::kRemove, "eg-app-0", state::FirewallChange{});
  const Status link = apply(Verb::kRemove, "eg-app-0", pair);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &usual), 0);
  EXPECT_FALSE(firewall.ok());
  EXPECT_FALSE(link.ok());
}

TEST_F(KernelOwner, LeavesFilesThatItDidNotWriteWhereTheyAre) {
  by_hand(
      "echo note > /run/netns/eg-note; mkfifo /run/netns/eg-pipe; touch /run/netns/eg-empty;"
      "ln -s /proc/self/ns/net /run/netns/eg-link; ln -s /none /run/netns/eg-lost");
  restart();
  const ForeignNetns file{Kind::kNoNamespace};
  EXPECT_THAT(foreign(),
              ElementsAre(Pair("eg-empty", file), Pair("eg-link", file), Pair("eg-lost", file),
                          Pair("eg-note", file), Pair("eg-pipe", file)));
  for (const char* name : {"eg-empty", "eg-link", "eg-note", "eg-pipe"}) {
    EXPECT_EQ(apply(Verb::kAdd, name, NetnsObject{}).error().code, Errc::kExists) << name;
    EXPECT_OK(apply(Verb::kRemove, name, NetnsObject{}));
  }
  converge(app_and_worker());
  converge({});
  EXPECT_EQ(run_script("ls /run/netns; cat /run/netns/eg-note").out,
            "eg-empty\neg-link\neg-lost\neg-note\neg-pipe\nnote\n");
  by_hand("rm /run/netns/*");
}

TEST_F(KernelOwner, TakesNamespacesOfOtherKindsForFiles) {
  by_hand(
      "ip netns add first; ip netns del first; touch /run/netns/eg-app-9 /run/netns/uts;"
      "mount --bind /proc/self/ns/uts /run/netns/eg-app-9;"
      "mount --bind /proc/self/ns/uts /run/netns/uts");
  const auto marks = kernel::marks_of_all();
  ASSERT_TRUE(marks.ok()) << marks.error().to_string();
  restart();
  EXPECT_THAT(foreign(), ElementsAre(Pair("eg-app-9", ForeignNetns{Kind::kNoNamespace})));
  converge(app_and_worker());
  EXPECT_OK(apply(Verb::kRemove, "eg-app-9", NetnsObject{}));
  converge({});
  by_hand("umount /run/netns/eg-app-9 /run/netns/uts; rm /run/netns/eg-app-9 /run/netns/uts");
}

TEST_F(KernelOwner, KnowsANamespaceByTheNameThatItGaveIt) {
  converge(app_and_worker());
  by_hand(
      "touch /run/netns/eg-a-copy; mount --bind /run/netns/eg-worker-0 /run/netns/eg-a-copy;"
      "touch /run/netns/eg-z-copy; mount --bind /run/netns/eg-app-0 /run/netns/eg-z-copy");
  const ForeignNetns second{Kind::kSecondName};
  for (int start = 0; start < 2; ++start) {
    EXPECT_EQ(converge(app_and_worker()), 0U);
    EXPECT_THAT(kernel().foreign(),
                ElementsAre(Pair("eg-a-copy", second), Pair("eg-z-copy", second)));
    for (const char* copy : {"eg-a-copy", "eg-z-copy"}) {
      EXPECT_OK(apply(Verb::kRemove, copy, NetnsObject{}));
      EXPECT_EQ(apply(Verb::kAdd, copy, NetnsObject{}).error().code, Errc::kExists);
    }
    EXPECT_EQ(observe(), app_and_worker());
    restart();
  }
  by_hand("ip netns del eg-a-copy; ip netns del eg-z-copy");
  EXPECT_EQ(converge(app_and_worker()), 0U);
}

TEST_F(KernelOwner, GoesOnWithAFileOfItsOwnThatIsNoNamespaceYet) {
  std::ofstream("/run/netns/eg-app-0") << "egressd eg " << kStateDir;
  converge(app_and_worker());
  EXPECT_EQ(observe(), app_and_worker());
  by_hand("umount -l /run/netns/eg-app-0");
  EXPECT_THAT(observe(), ElementsAre(Key("eg-worker-0")));
  converge({});
  EXPECT_FALSE(std::filesystem::exists("/run/netns/eg-app-0"));
}

// A process's place and name, taken from where it is; what its file says must name nothing.
class KernelOwnerOfProcesses : public KernelOwner {
 protected:
  static constexpr const char* kPlace = "/run/egressd/eg/processes/eg-host-sql";
  static std::string file_of(const std::string& name) {
    return std::string(kPlace) + "/" + name + "/.process";
  }
  // A process that holds the lock of a file that tells of another, started as `wrapped`.
  static Background lock_holder(const Command& wrapped, const std::string& name) {
    by_hand("mkdir -p " + std::string(kPlace) + "/" + name);
    std::ofstream(file_of(name)) << R"({"name": "../../../../foreign", "program": "/run/foreign",)"
                                 << R"( "arguments": [], "files": {"../../../../../foreign": ""}})";
    Command command = wrapped;
    for (const std::string& word :
         {std::string("python3"), std::string("-c"),
          std::string("import fcntl, signal, sys; file = open(sys.argv[1], 'r+');"
                      "fcntl.lockf(file, fcntl.LOCK_EX); print('ready', flush=True);"
                      "signal.pause()"),
          file_of(name)}) {
      command.push_back(word);
    }
    return {command, "ready"};
  }
  static state::Process responder() { return {"responder", "egress-host"}; }
  static KernelState host() {
    KernelState state{{"eg-host-sql", plain_netns()}};
    state["eg-host-sql"]->processes["responder"] = responder();
    return state;
  }
  void SetUp() override {
    KernelOwner::SetUp();
    by_hand("echo unchanged > /run/foreign");
    converge(host());
  }
};

TEST_F(KernelOwnerOfProcesses, EndsOneInANamespaceOfOursAndRemovesItsFolderAlone) {
  Background other = lock_holder({"ip", "netns", "exec", "eg-host-sql"}, "other");
  ASSERT_TRUE(other.ready());
  EXPECT_THAT(observe("eg-host-sql").processes, ElementsAre(Key("other"), Key("responder")));
  converge(host());
  EXPECT_TRUE(eventually([&] { return !other.running(); }));
  EXPECT_FALSE(std::filesystem::exists(file_of("other")));
  EXPECT_EQ(read_file("/run/foreign"), "unchanged\n");
}

TEST_F(KernelOwnerOfProcesses, EndsOneThatIsInAnotherNamespaceOfOursThanItsFolder) {
  KernelState both = host();
  both["eg-other"] = plain_netns();
  converge(both);
  Background other = lock_holder({"ip", "netns", "exec", "eg-other"}, "other");
  ASSERT_TRUE(other.ready());
  EXPECT_THAT(observe("eg-other").processes, IsEmpty());
  EXPECT_THAT(observe("eg-host-sql").processes, ElementsAre(Key("responder")));
  converge(both);
  EXPECT_TRUE(eventually([&] { return !other.running(); }));
  EXPECT_FALSE(std::filesystem::exists(file_of("other")));
}

TEST_F(KernelOwnerOfProcesses, LeavesOneInANamespaceThatIsNotOursAlone) {
  by_hand("ip netns add eg-mine");
  for (const Command& place : {Command{"env"}, {"ip", "netns", "exec", "eg-mine"}}) {
    Background other = lock_holder(place, "other");
    ASSERT_TRUE(other.ready());
    EXPECT_EQ(observe(), host());
    converge({});
    EXPECT_TRUE(other.running());
    EXPECT_EQ(read_file("/run/foreign"), "unchanged\n");
    other.end(SIGTERM);
    converge(host());
  }
}

TEST_F(KernelOwnerOfProcesses, EndsNobodyWhoTookALockElsewhereAndSaysWhoItIs) {
  KernelState without = host();
  without["eg-host-sql"]->processes.clear();
  converge(without);
  Background other = lock_holder({}, "responder");
  ASSERT_TRUE(other.ready());
  const Status started = apply(Verb::kAdd, "eg-host-sql", responder());
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().code, Errc::kBusy);
  EXPECT_THAT(started.error().message, HasSubstr("process " + std::to_string(other.pid())));
  EXPECT_OK(apply(Verb::kRemove, "eg-host-sql", responder()));
  EXPECT_TRUE(other.running());
  EXPECT_TRUE(std::filesystem::exists(file_of("responder")));
  other.end(SIGTERM);
  converge(host());
}

TEST_F(KernelOwnerOfProcesses, FollowsNoLinkAndWaitsForNoPipeAmongTheFiles) {
  by_hand(
      "cd " + std::string(kPlace) +
      "; mkdir link pipe /run/elsewhere; ln -s /run/foreign link/.process; mkfifo pipe/.process;"
      "ln -s /run/elsewhere out; touch /run/elsewhere/.process plain; ln -s /run ../link");
  EXPECT_EQ(observe(), host());
  for (const std::string name : {"../../../foreign", "..", "", "link", "pipe", "out", "plain"}) {
    const bool possible = !name.empty() && name.front() != '.';
    EXPECT_EQ(apply(Verb::kRemove, "eg-host-sql", state::Process{name}).ok(), possible) << name;
    EXPECT_FALSE(apply(Verb::kAdd, "eg-host-sql", state::Process{name, "/bin/true"}).ok()) << name;
  }
  EXPECT_EQ(read_file("/run/foreign"), "unchanged\n");
  EXPECT_EQ(run_script("ls -A /run/elsewhere").out, ".process\n");
  by_hand("cd " + std::string(kPlace) + "; rm -rf link pipe out plain ../link");
}

TEST_F(KernelOwnerOfProcesses, MakesFoldersForItselfWhateverTheUmask) {
  converge({});
  by_hand("rm -rf /run/egressd");
  const mode_t usual = ::umask(0);
  restart();
  converge(host());
  ::umask(usual);
  EXPECT_EQ(run_script("cd /run/egressd; stat -c %a . eg eg/processes " + std::string(kPlace) +
                       " " + std::string(kPlace) + "/responder " + file_of("responder"))
                .out,
            "755\n755\n755\n755\n755\n600\n");
}

TEST_F(KernelOwnerOfProcesses, TrustsNoFolderThatOthersHaveAHandIn) {
  const auto refused = [] {
    auto opened = kernel::LinuxKernel::open({.prefix = "eg",
                                             .state_dir = kStateDir,
                                             .run_dir = kRunDir,
                                             .programs = {{"egress-host", EGRESS_HOST_PROGRAM}}});
    return !opened.ok() && opened.error().code == Errc::kDenied;
  };
  EXPECT_FALSE(refused());
  for (const char* below : {"", "/eg", "/eg/processes", "/eg/processes/eg-host-sql",
                            "/eg/processes/eg-host-sql/responder"}) {
    by_hand(std::string("chmod 0777 /run/egressd") + below);
    EXPECT_TRUE(refused()) << below;
    by_hand(std::string("chmod 0755 /run/egressd") + below);
  }
  by_hand("mv /run/egressd/eg /run/elsewhere; ln -s /run/elsewhere /run/egressd/eg");
  EXPECT_TRUE(refused());
  EXPECT_FALSE(kernel().observe().ok());
  by_hand("rm /run/egressd/eg; mv /run/elsewhere /run/egressd/eg");
  EXPECT_EQ(observe(), host());
}

}  // namespace
}  // namespace egress::kernel_tests
