// SPDX-License-Identifier: MIT
// What a pass makes of TUN devices, which have no other end.
#include <gmock/gmock.h>

#include "tests/support/values.hpp"
#include "tests/unit/state/diff_texts.hpp"

namespace egress::state {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing_support::ip;
using testing_support::prefix;

// An app's namespace with an address and routes on the link to its router.
KernelState linked(const Link& here, const Link& there) {
  KernelState state{{"eg-app", fresh_netns()}, {"eg-router", fresh_netns()}};
  NetnsState& app = state["eg-app"].change();
  app.links["eth0"] = here;
  app.addresses = {{"eth0", ip("169.254.129.2"), 24}};
  const Route gateway{
      .destination = prefix("0.0.0.0/0"), .link = "eth0", .gateway = ip("192.0.2.1")};
  const Route way{.destination = prefix("192.0.2.0/24"), .link = "eth0"};
  app.routes = {{key_of(gateway), gateway}, {key_of(way), way}};
  state["eg-router"]->links["e-app"] = there;
  return state;
}

KernelState joined() {
  KernelState state =
      linked({.name = "eth0", .peer = {"eg-router", "e-app"}, .mac = {{2, 0, 0, 0, 0, 1}}},
             {.name = "e-app", .peer = {"eg-app", "eth0"}, .mac = {{2, 0, 0, 0, 0, 2}}});
  state["eg-router"]->neighbours = {{"e-app", ip("169.254.129.2"), {{2, 0, 0, 0, 0, 1}}}};
  return state;
}

KernelState wired() {
  return linked({.name = "eth0", .kind = LinkKind::kTun, .tx_queue_length = 4096},
                {.name = "e-app", .kind = LinkKind::kTun});
}

std::vector<std::string> link_pairs(const ChangeSet& ops) {
  std::vector<std::string> lines;
  for (const Op& op : ops) {
    if (std::holds_alternative<LinkPair>(op.object)) lines.push_back(to_text(op));
  }
  return lines;
}

TEST(TunDiff, MakesATunByItself) {
  EXPECT_THAT(link_pairs(changes(wired(), {})),
              ElementsAre("add link eth0 tun mtu 1500 down queue 4096 in eg-app",
                          "add link e-app tun mtu 1500 down in eg-router"));
  EXPECT_THAT(texts(changes(wired(), wired())), IsEmpty());
}

TEST(TunDiff, ATunWhoseOtherSideIsGoneStays) {
  KernelState observed = wired();
  observed["eg-router"]->links.erase("e-app");
  EXPECT_THAT(texts(changes(wired(), observed)),
              ElementsAre("add link e-app tun mtu 1500 down in eg-router",
                          "change link e-app tun mtu 1500 up in eg-router"));
}

TEST(TunDiff, SettingsOfATunChangeInPlace) {
  KernelState desired = wired();
  Link& link = desired["eg-app"]->links["eth0"];
  link.alias = "integration";
  link.tx_queue_length = 500;
  EXPECT_THAT(
      texts(changes(desired, wired())),
      ElementsAre("change link eth0 tun mtu 1500 up queue 500 alias \"integration\" in eg-app"));
}

TEST(TunDiff, ALinkThatBecomesATunIsMadeAnewWithAllThatWasOnIt) {
  const std::string tun = "link eth0 tun mtu 1500 ";
  EXPECT_THAT(
      texts(changes(wired(), joined())),
      ElementsAre("remove link eth0 peer e-app in eg-router mac 02:00:00:00:00:01 mtu 1500 up - "
                  "link e-app peer eth0 in eg-app mac 02:00:00:00:00:02 mtu 1500 up in eg-app",
                  "add " + tun + "down queue 4096 in eg-app",
                  "add link e-app tun mtu 1500 down in eg-router",
                  "add address 169.254.129.2/24 dev eth0 in eg-app",
                  "change " + tun + "up queue 4096 in eg-app",
                  "change link e-app tun mtu 1500 up in eg-router",
                  "add route 192.0.2.0/24 dev eth0 proto static table main in eg-app",
                  "add route default via 192.0.2.1 dev eth0 proto static table main in eg-app"));
  EXPECT_THAT(link_pairs(changes(joined(), wired())),
              ElementsAre("remove link eth0 tun mtu 1500 up queue 4096 in eg-app",
                          "remove link e-app tun mtu 1500 up in eg-router",
                          testing::StartsWith("add link eth0 peer e-app")));
}

TEST(TunDiff, ATunWithAnotherEndIsNoState) {
  KernelState desired = wired();
  desired["eg-app"]->links["eth0"].peer = {"eg-router", "e-app"};
  const auto ops = diff(desired, {});
  ASSERT_FALSE(ops.ok());
  EXPECT_EQ(ops.error().message, "link eth0 in eg-app is a TUN, which has no other end");
}

TEST(TunDiff, AttachmentsAreToldOnceMoreWhereATunIsMadeAndNowhereElse) {
  KernelState desired = wired();
  desired["eg-app"]->processes["wire"] = {"wire", "egress-wire"};
  for (const char* netns : {"eg-app", "eg-router"}) {
    desired[netns]->attachments["end"] = make_attachment("end", {"eg-app", "wire"}, "settings");
  }
  KernelState observed = desired;
  observed["eg-router"]->links.erase("e-app");
  const Attachment& end = desired["eg-router"]->attachments.at("end");
  EXPECT_THAT(texts(changes(desired, observed)),
              ElementsAre("add link e-app tun mtu 1500 down in eg-router",
                          "change link e-app tun mtu 1500 up in eg-router",
                          "change " + to_text(end) + " in eg-router"));
}

}  // namespace
}  // namespace egress::state
