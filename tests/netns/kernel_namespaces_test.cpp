// SPDX-License-Identifier: MIT
// Namespaces come and go without a trace, whatever else is on the machine; pairs are told apart
// even when all their numbers are alike.

#include <filesystem>
#include <fstream>

#include "tests/netns/linux_fixture.hpp"
#include "tests/support/process.hpp"

namespace egress::kernel_tests {
namespace {

using namespace testing_support;

using state::KernelState;
using state::LinkPeer;
using testing::HasSubstr;

class KernelNamespaces : public LinuxFixture {
 protected:
  // Everything that a daemon could leave on a machine.
  static std::string inventory() {
    return run_script(
               "find /run -mindepth 1 | grep -v '^/run/egressd$' | sort; cut -d' ' -f5 "
               "/proc/self/mountinfo; ip -o link; ip route show table all; nft list ruleset")
        .out;
  }
  static KernelState pairs(int count) {
    KernelState state;
    for (int i = 0; i < count; ++i) {
      const std::string app = "eg-app-" + std::to_string(i);
      const std::string worker = "eg-worker-" + std::to_string(i);
      state[app] = state[worker] = plain_netns();
      join(state, app, "eth0", worker, "e-site");
      join(state, app, "vnet0", worker, "v-site");
    }
    return state;
  }
};

TEST_F(KernelNamespaces, LeaveNoTraceBehind) {
  const std::string before = inventory();
  converge(pairs(2));
  EXPECT_NE(inventory(), before);
  converge({});
  EXPECT_EQ(inventory(), before);
}

TEST_F(KernelNamespaces, TakeTheDirectoryAlongThatTheyCame) {
  by_hand("rmdir /run/netns");
  const std::string before = inventory();
  converge(pairs(1));
  restart();
  converge({});
  EXPECT_EQ(inventory(), before);
  by_hand("mkdir /run/netns");
}

TEST_F(KernelNamespaces, TakeTheDirectoryAlongAlsoWhenTheirRemovalWasCutShort) {
  by_hand("rmdir /run/netns");
  const std::string before = inventory();
  converge(pairs(1));
  by_hand("ip netns del eg-app-0; ip netns del eg-worker-0");
  restart();
  EXPECT_EQ(inventory(), before);
  by_hand("mkdir /run/netns");
}

TEST_F(KernelNamespaces, TakeTheDirectoryAlongAlsoWhenItsMakingWasCutShort) {
  by_hand("rmdir /run/netns");
  const std::string before = inventory();
  by_hand("mkdir -p /run/egressd/eg; touch /run/egressd/made-netns-directory; mkdir /run/netns");
  restart();
  EXPECT_EQ(inventory(), before);
  by_hand("mkdir /run/netns");
}

TEST_F(KernelNamespaces, LeaveTheDirectoryToOthersWhoUseIt) {
  by_hand("rmdir /run/netns");
  converge(pairs(1));
  by_hand("ip netns add other");
  converge({});
  EXPECT_THAT(run({"ip", "netns", "list"}).out, HasSubstr("other"));
  by_hand("ip netns exec other true; ip netns del other");
  converge(pairs(1));
  converge({});
  EXPECT_FALSE(std::filesystem::exists("/run/netns")) << "the next last name takes it along";
  by_hand("mkdir /run/netns");
}

TEST_F(KernelNamespaces, LeaveTheDirectoryWhileSomebodyIsInIt) {
  by_hand("rmdir /run/netns");
  const std::string before = inventory();
  converge(pairs(1));
  {
    Background visitor({"sh", "-c", "cd /run/netns; echo in; read line"}, "in");
    ASSERT_TRUE(visitor.ready());
    converge({});
    EXPECT_THAT(inventory(), HasSubstr("/run/netns"));
  }
  converge(pairs(1));
  converge({});
  EXPECT_EQ(inventory(), before);
  by_hand("mkdir /run/netns");
}

TEST_F(KernelNamespaces, OfAnotherPrefixAreNotTouchedNorSeen) {
  const auto other = open_kernel("other");
  const auto longer = open_kernel("eg-b");
  for (kernel::LinuxKernel* neighbour : {other.get(), longer.get()}) {
    const std::string name = neighbour == other.get() ? "other-x" : "eg-b-x";
    EXPECT_OK(
        neighbour->apply({state::Phase::kAddNetns, state::Verb::kAdd, name, state::NetnsObject{}}));
  }
  converge(pairs(1));
  EXPECT_EQ(observe(), pairs(1));
  converge({});
  EXPECT_EQ(other->observe()->count("other-x"), 1U);
  EXPECT_EQ(other->observe()->size(), 1U);
  EXPECT_EQ(longer->observe()->count("eg-b-x"), 1U);
  for (kernel::LinuxKernel* neighbour : {other.get(), longer.get()}) {
    const state::ChangeSet ops = state::diff({}, *neighbour->observe()).value();
    for (const state::Op& op : ops) {
      EXPECT_OK(neighbour->apply(op));
    }
    EXPECT_TRUE(neighbour->observe()->empty());
  }
}

TEST_F(KernelNamespaces, OfNamesThatAreNotOursAreRefused) {
  for (const char* name : {"other-x", "eg", "egx", "eg-x/../y"}) {
    const Status status = apply(state::Verb::kAdd, name, state::NetnsObject{});
    ASSERT_FALSE(status.ok()) << name;
    EXPECT_EQ(status.error().code, Errc::kInvalid);
  }
}

TEST_F(KernelNamespaces, CutShortInTheMakingAreForgottenAtTheNextStart) {
  converge(pairs(1));
  // The file is written before it gets its name, and that before its namespace.
  std::ofstream("/run/netns/eg-half-made") << "egressd eg " << kStateDir;
  EXPECT_EQ(observe(), pairs(1));
  EXPECT_TRUE(kernel().foreign().empty());
  restart();
  EXPECT_FALSE(std::filesystem::exists("/run/netns/eg-half-made"));
  EXPECT_EQ(observe(), pairs(1));
}

TEST_F(KernelNamespaces, WithEqualIndexesAndNamesKeepTheirPairsApart) {
  const KernelState desired = pairs(12);
  converge(desired);
  EXPECT_EQ(observe(), desired);
  restart();
  EXPECT_EQ(observe(), desired);
}

// Two pairs whose ends have the same indexes as each other's partners, crossed.
TEST_F(KernelNamespaces, CrossedPairsAreSeenAsCrossed) {
  by_hand(make_marked("eg-a") + make_marked("eg-b") + make_marked("eg-c") + make_marked("eg-d") +
          "ip -n eg-a link add x index 50 type veth peer name x index 60 netns eg-d;"
          "ip -n eg-b link add x index 50 type veth peer name x index 60 netns eg-c;"
          "ip -n eg-a link add y index 70 type veth peer name y index 70 netns eg-b;"
          "ip -n eg-c link add y index 70 type veth peer name y index 70 netns eg-d;"
          "ip -n eg-a link add z index 80 type veth peer name w index 81");
  const auto expect_all = [&] {
    const KernelState seen = observe();
    const auto peer = [&](const char* netns, const char* link) {
      return seen.at(netns)->links.at(link).peer;
    };
    EXPECT_EQ(peer("eg-a", "x"), (LinkPeer{"eg-d", "x"}));
    EXPECT_EQ(peer("eg-d", "x"), (LinkPeer{"eg-a", "x"}));
    EXPECT_EQ(peer("eg-b", "x"), (LinkPeer{"eg-c", "x"}));
    EXPECT_EQ(peer("eg-c", "x"), (LinkPeer{"eg-b", "x"}));
    EXPECT_EQ(peer("eg-a", "y"), (LinkPeer{"eg-b", "y"}));
    EXPECT_EQ(peer("eg-b", "y"), (LinkPeer{"eg-a", "y"}));
    EXPECT_EQ(peer("eg-c", "y"), (LinkPeer{"eg-d", "y"}));
    EXPECT_EQ(peer("eg-a", "z"), (LinkPeer{"eg-a", "w"}));
    EXPECT_EQ(peer("eg-a", "w"), (LinkPeer{"eg-a", "z"}));
  };
  expect_all();
  expect_all();
  restart();
  expect_all();
}

TEST_F(KernelNamespaces, MadeAnewUnderAnOldNameAreNotMistakenForTheOldOnes) {
  const KernelState desired = pairs(3);
  converge(desired);
  by_hand("ip netns del eg-worker-1;" + make_marked("eg-worker-1") + "ip netns del eg-worker-2;" +
          make_marked("eg-worker-2") +
          "ip -n eg-worker-1 link add e-site type veth peer name eth1 netns eg-app-2;");
  const KernelState seen = observe();
  EXPECT_EQ(seen.at("eg-worker-1")->links.at("e-site").peer, (LinkPeer{"eg-app-2", "eth1"}));
  EXPECT_EQ(seen.at("eg-worker-2")->links.size(), 1U);
  converge(desired);
  EXPECT_EQ(observe(), desired);
}

// A shell that somebody has left in an app's namespace keeps that namespace alive.
TEST_F(KernelNamespaces, InUseLoseTheirNameAndTheirLinksAllTheSame) {
  KernelState desired = pairs(2);
  converge(desired);
  Background shell({"ip", "netns", "exec", "eg-app-1", "sh", "-c", "echo in; read line"}, "in");
  ASSERT_TRUE(shell.ready());
  desired.erase("eg-app-1");
  desired["eg-worker-1"]->links.erase("e-site");
  desired["eg-worker-1"]->links.erase("v-site");
  converge(desired);
  EXPECT_EQ(observe(), desired);
  converge(pairs(2));
  EXPECT_EQ(observe(), pairs(2));
}

TEST_F(KernelNamespaces, HoldNoDescriptorBelowThatLibnftablesCannotWaitFor) {
  converge(pairs(4));
  observe();
  int low = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    const std::string target = std::filesystem::read_symlink(entry.path(), error);
    const bool ours = target.find("net:[") != target.npos || target.find("socket:") != target.npos;
    if (ours && std::stoi(entry.path().filename()) < FD_SETSIZE) ++low;
  }
  EXPECT_EQ(low, 0);
}

}  // namespace
}  // namespace egress::kernel_tests
