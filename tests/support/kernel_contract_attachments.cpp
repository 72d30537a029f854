// SPDX-License-Identifier: MIT
// The contract for attachments.
#include <gmock/gmock.h>

#include "tests/support/kernel_contract.hpp"
#include "tests/support/kernel_contract_values.hpp"

namespace egress::testing_support {

using state::Attachment;
using state::NetnsObject;
using state::Process;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

namespace {

const Process kProgram{.name = "program", .program = EGRESS_ATTACHABLE_PROGRAM};
const state::ProcessRef kInA{"eg-a", "program"};

Attachment attachment(const std::string& settings = "some settings") {
  return state::make_attachment("one", kInA, settings);
}

// A program in eg-a that may be attached in eg-a and eg-b.
state::KernelState program_and_two_places() {
  state::KernelState state{{"eg-a", state::fresh_netns()}, {"eg-b", state::fresh_netns()}};
  state["eg-a"]->processes["program"] = kProgram;
  return state;
}

}  // namespace

TEST_P(KernelContract, AnAttachmentIsObservedInItsNamespaceByTheDigestOfItsSettings) {
  converge(program_and_two_places());
  EXPECT_OK(add("eg-b", attachment()));
  EXPECT_OK(add("eg-b", attachment()));
  EXPECT_THAT(observe("eg-b").attachments, ElementsAre(Pair("one", attachment())));
  EXPECT_THAT(observe("eg-a").attachments, IsEmpty());
  EXPECT_OK(remove("eg-b", attachment()));
  EXPECT_OK(remove("eg-b", attachment()));
  EXPECT_THAT(observe("eg-b").attachments, IsEmpty());
}

TEST_P(KernelContract, AnAttachmentChangesWhileItsProcessRunsOn) {
  state::KernelState desired = program_and_two_places();
  Attachment& there = desired["eg-b"]->attachments["one"];
  there = attachment();
  desired["eg-a"]->attachments["one"] = attachment("in two namespaces under one name");
  converge(desired);
  there = attachment("other settings");
  converge(desired);
  there.home = true;
  converge(desired);
  EXPECT_THAT(observe("eg-b").attachments, ElementsAre(Pair("one", there)));
}

TEST_P(KernelContract, AnAttachmentNeedsARunningProcessANamespaceAndSettings) {
  EXPECT_EQ(code_of(add("eg-b", attachment())), Errc::kNotFound);
  EXPECT_OK(add("eg-b", NetnsObject{}));
  EXPECT_EQ(code_of(add("eg-b", attachment())), Errc::kNotFound);
  converge(program_and_two_places());
  EXPECT_EQ(code_of(add("eg-none", attachment())), Errc::kNotFound);
  Attachment observed = attachment();
  observed.settings = nullptr;
  EXPECT_EQ(code_of(add("eg-b", observed)), Errc::kInvalid);
  EXPECT_THAT(observe("eg-b").attachments, IsEmpty());
}

TEST_P(KernelContract, AttachmentsEndWithTheirProcess) {
  state::KernelState desired = program_and_two_places();
  desired["eg-a"]->attachments["one"] = attachment();
  desired["eg-b"]->attachments["one"] = attachment();
  converge(desired);
  EXPECT_OK(remove("eg-a", kProgram));
  EXPECT_THAT(observe("eg-a").attachments, IsEmpty());
  EXPECT_THAT(observe("eg-b").attachments, IsEmpty());
  converge(desired);
  desired["eg-a"]->processes["program"].files["note"] = "made anew";
  converge(desired);
}

TEST_P(KernelContract, AnAttachmentMovesToAnotherProcess) {
  state::KernelState desired = program_and_two_places();
  desired["eg-b"]->processes["program"] = kProgram;
  desired["eg-b"]->attachments["one"] = attachment();
  converge(desired);
  desired["eg-b"]->attachments["one"].process.netns = "eg-b";
  converge(desired);
  EXPECT_EQ(observe("eg-b").attachments.at("one").process.netns, "eg-b");
}

TEST_P(KernelContract, ANamespaceIsLeftByWhatIsAttachedThereBeforeItGoes) {
  state::KernelState desired = program_and_two_places();
  desired["eg-b"]->attachments["one"] = attachment();
  converge(desired);
  desired.erase("eg-b");
  converge(desired);
  desired = program_and_two_places();
  converge(desired);
  EXPECT_THAT(observe("eg-b").attachments, IsEmpty());
}

}  // namespace egress::testing_support
