// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "tests/unit/state/diff_texts.hpp"

namespace egress::state {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

// Two namespaces, and a process in one of them that is attached in both.
KernelState sample() {
  KernelState state{{"eg-app", fresh_netns()}, {"eg-router", fresh_netns()}};
  state["eg-app"]->processes["responder"] = {"responder", "egress-host"};
  for (auto& [name, netns] : state) {
    netns->attachments["dns"] = make_attachment("dns", {"eg-app", "responder"}, "settings");
  }
  return state;
}

std::string text_of(const char* verb, const Attachment& attachment, const char* netns) {
  return std::string(verb) + " " + to_text(attachment) + " in " + netns;
}

TEST(AttachmentDiff, AttachesOnceAllElseIsThere) {
  const Attachment attachment = sample()["eg-app"]->attachments.at("dns");
  const auto ops = texts(changes(sample(), {}));
  ASSERT_GE(ops.size(), 3U);
  EXPECT_THAT(
      std::vector<std::string>(ops.end() - 3, ops.end()),
      ElementsAre("add process responder egress-host in eg-app",
                  text_of("add", attachment, "eg-app"), text_of("add", attachment, "eg-router")));
  EXPECT_THAT(changes(sample(), sample()), IsEmpty());
}

TEST(AttachmentDiff, ChangesInPlace) {
  KernelState desired = sample();
  Attachment& attachment = desired["eg-router"]->attachments.at("dns");
  attachment = make_attachment("dns", attachment.process, "other settings");
  EXPECT_THAT(texts(changes(desired, sample())),
              ElementsAre(text_of("change", attachment, "eg-router")));
  attachment = sample()["eg-router"]->attachments.at("dns");
  attachment.home = true;
  EXPECT_THAT(texts(changes(desired, sample())),
              ElementsAre(text_of("change", attachment, "eg-router")));
}

TEST(AttachmentDiff, ChangesWhatStaysBeforeItAddsToTheSameNamespace) {
  KernelState desired = sample();
  auto& attachments = desired["eg-router"]->attachments;
  const ProcessRef process = attachments.at("dns").process;
  attachments["dns"] = make_attachment("dns", process, "without the port");
  attachments["another"] = make_attachment("another", process, "with the port");
  EXPECT_THAT(texts(changes(desired, sample())),
              ElementsAre(text_of("change", attachments.at("dns"), "eg-router"),
                          text_of("add", attachments.at("another"), "eg-router")));
}

TEST(AttachmentDiff, IsToldOnceMoreWhereALinkIsMade) {
  KernelState desired = sample();
  desired["eg-app"]->links["eth0"] = {.name = "eth0", .peer = {"eg-router", "e-app"}};
  desired["eg-router"]->links["e-app"] = {.name = "e-app", .peer = {"eg-app", "eth0"}};
  const Attachment attachment = desired["eg-app"]->attachments.at("dns");
  const auto ops = texts(changes(desired, sample()));
  ASSERT_GE(ops.size(), 2U);
  EXPECT_THAT(std::vector<std::string>(ops.end() - 2, ops.end()),
              ElementsAre(text_of("change", attachment, "eg-app"),
                          text_of("change", attachment, "eg-router")));
  EXPECT_THAT(changes(desired, desired), IsEmpty());
}

TEST(AttachmentDiff, MakesThoseOfAProcessAnewThatIsStartedAnew) {
  KernelState desired = sample();
  desired["eg-app"]->processes.at("responder").arguments = {"--other"};
  const Attachment attachment = desired["eg-router"]->attachments.at("dns");
  EXPECT_THAT(
      texts(changes(desired, sample())),
      ElementsAre(StartsWith("remove process"), StartsWith("add process"),
                  text_of("add", attachment, "eg-app"), text_of("add", attachment, "eg-router")));
}

TEST(AttachmentDiff, MakesThoseOfAProcessAnewThatHasEnded) {
  KernelState observed = sample();
  observed["eg-app"]->processes.clear();
  for (auto& [name, netns] : observed) netns->attachments.clear();
  EXPECT_THAT(texts(changes(sample(), observed)),
              ElementsAre(StartsWith("add process"), StartsWith("add attachment"),
                          StartsWith("add attachment")));
}

TEST(AttachmentDiff, DetachesBeforeTheNamespaceGoes) {
  KernelState desired = sample();
  const Attachment attachment = desired["eg-router"]->attachments.at("dns");
  desired.erase("eg-router");
  EXPECT_THAT(texts(changes(desired, sample())),
              ElementsAre(text_of("remove", attachment, "eg-router"), "remove netns eg-router"));
}

TEST(AttachmentDiff, LeavesToAProcessThatEndsWhatEndsWithIt) {
  EXPECT_THAT(
      texts(changes({}, sample())),
      ElementsAre(StartsWith("remove process"), "remove netns eg-app", "remove netns eg-router"));
}

TEST(AttachmentDiff, DetachesFromOneProcessWhatMovesToAnother) {
  KernelState observed = sample();
  observed["eg-router"]->processes["other"] = {"other", "/bin/other"};
  KernelState desired = observed;
  Attachment& attachment = desired["eg-app"]->attachments.at("dns");
  attachment.process = {"eg-router", "other"};
  EXPECT_THAT(texts(changes(desired, observed)),
              ElementsAre(text_of("remove", observed["eg-app"]->attachments.at("dns"), "eg-app"),
                          text_of("add", attachment, "eg-app")));
}

TEST(AttachmentDiff, RefusesOneWithoutItsProcess) {
  KernelState desired = sample();
  desired["eg-app"]->processes.clear();
  const auto ops = diff(desired, {});
  ASSERT_FALSE(ops.ok());
  EXPECT_EQ(ops.error().code, Errc::kInvalid);
  EXPECT_EQ(ops.error().message,
            "attachment dns in eg-app is of process responder in eg-app, which is not there");
}

}  // namespace
}  // namespace egress::state
