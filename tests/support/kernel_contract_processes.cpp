// SPDX-License-Identifier: MIT
// The contract for processes.
#include <gmock/gmock.h>

#include "tests/support/kernel_contract.hpp"
#include "tests/support/kernel_contract_values.hpp"

namespace egress::testing_support {

using state::NetnsObject;
using state::Process;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

namespace {

// Reads one of its files before it says that it is ready.
Process reader(const std::string& name, const std::string& content = "text") {
  return {.name = name,
          .program = "/bin/sh",
          .arguments = {"-c", "cat note >/dev/null && echo ready && exec sleep infinity"},
          .files = {{"note", content}}};
}

}  // namespace

TEST_P(KernelContract, AProcessIsObservedAsTheSpecItWasStartedWith) {
  EXPECT_OK(add("eg-a", NetnsObject{}));
  const Process process = reader("one", "two lines\nand \"quotes\"\n");
  EXPECT_OK(add("eg-a", process));
  EXPECT_OK(add("eg-a", process));
  EXPECT_THAT(observe("eg-a").processes, ElementsAre(Pair("one", process)));
  EXPECT_OK(remove("eg-a", process));
  EXPECT_OK(remove("eg-a", process));
  EXPECT_THAT(observe("eg-a").processes, IsEmpty());
}

TEST_P(KernelContract, ANamespaceHoldsSeveralProcessesAndTwoNamespacesOnesOfOneName) {
  EXPECT_OK(add("eg-a", NetnsObject{}));
  EXPECT_OK(add("eg-b", NetnsObject{}));
  EXPECT_OK(add("eg-a", reader("one")));
  EXPECT_OK(add("eg-a", reader("other")));
  EXPECT_OK(add("eg-b", reader("one", "its own")));
  EXPECT_THAT(observe("eg-b").processes, ElementsAre(Pair("one", reader("one", "its own"))));
  EXPECT_OK(remove("eg-a", reader("one")));
  EXPECT_THAT(observe("eg-a").processes, ElementsAre(Pair("other", reader("other"))));
  EXPECT_THAT(observe("eg-b").processes, ElementsAre(Pair("one", reader("one", "its own"))));
}

TEST_P(KernelContract, AProcessIsReplacedWhenAnythingInItsSpecChanges) {
  state::KernelState desired{{"eg-a", state::fresh_netns()}};
  Process& process = desired["eg-a"]->processes["one"];
  process = reader("one");
  converge(desired);
  process.files["note"] = "another text";
  converge(desired);
  process.files["second"] = "";
  converge(desired);
  process.arguments.emplace_back("one more");
  converge(desired);
  process.program = "/bin/bash";
  converge(desired);
}

TEST_P(KernelContract, AProcessThatRereadsItsFilesIsGivenOthers) {
  state::KernelState desired{{"eg-a", state::fresh_netns()}};
  Process& process = desired["eg-a"]->processes["one"];
  process = {.name = "one",
             .program = "/bin/sh",
             .arguments = {"-c", "trap : HUP; echo ready; while :; do sleep 0.01; done"},
             .files = {{"note", "text"}},
             .rereads_files = true};
  converge(desired);
  process.files["note"] = "another text";
  const Process wanted = process;
  EXPECT_OK(change("eg-a", wanted));
  EXPECT_OK(change("eg-a", wanted));
  EXPECT_THAT(observe("eg-a").processes, ElementsAre(Pair("one", wanted)));
  EXPECT_EQ(code_of(change("eg-a", reader("one"))), Errc::kNotFound);
  EXPECT_EQ(code_of(change("eg-a", reader("other"))), Errc::kNotFound);
  process.files["second"] = "";
  converge(desired);
}

TEST_P(KernelContract, AProcessIsNotStartedBesideAnotherOfItsName) {
  EXPECT_OK(add("eg-a", NetnsObject{}));
  EXPECT_OK(add("eg-a", reader("one")));
  EXPECT_EQ(code_of(add("eg-a", reader("one", "another text"))), Errc::kBusy);
  EXPECT_THAT(observe("eg-a").processes, ElementsAre(Pair("one", reader("one"))));
}

TEST_P(KernelContract, NamesThatNoFileCanHaveAreRefused) {
  EXPECT_OK(add("eg-a", NetnsObject{}));
  for (const std::string name : {"", ".", "..", ".process", "../eg-b", "/etc/passwd"}) {
    EXPECT_EQ(code_of(add("eg-a", reader(name))), Errc::kInvalid) << name;
    EXPECT_EQ(code_of(remove("eg-a", reader(name))), Errc::kInvalid) << name;
    Process process = reader("one");
    process.files[name] = "text";
    EXPECT_EQ(code_of(add("eg-a", process)), Errc::kInvalid) << name;
  }
  EXPECT_THAT(observe("eg-a").processes, IsEmpty());
}

}  // namespace egress::testing_support
