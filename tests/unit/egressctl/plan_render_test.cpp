// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "egressctl/render/properties.hpp"
#include "egressctl/render/render.hpp"
#include "tests/unit/egressctl/screens.hpp"

namespace egress::ctl {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

std::string shown(const std::string& plan, KernelLines kernel = KernelLines::kCounted) {
  return render_plan(Json::parse(plan), kernel, kPipe);
}

constexpr const char* kPlan = R"({"resources": [
    {"verb": "add", "kind": "site", "name": "web", "properties": []},
    {"verb": "change", "kind": "serverFarm", "name": "plan",
     "properties": [{"name": "capacity", "before": 3, "after": 2}]},
    {"verb": "remove", "kind": "host", "name": "sql", "properties": []}],
  "effects": {"restarts": ["api"], "takenAway": [
      {"subnet": "spoke/apps", "serverFarm": "plan", "site": "web"}],
    "addresses": {
      "taken": [{"subnet": "spoke/apps", "address": "10.1.1.4", "holder": "plan/0"}],
      "released": [{"subnet": "spoke/apps", "address": "10.1.1.6", "holder": "plan/2",
                    "at": "2024-05-01T22:00:00.000Z"},
                   {"subnet": "spoke/more", "address": "10.1.2.4", "holder": "plan/0",
                    "at": null}]}},
  "undoes": [{"operation": "scale plan --capacity 3", "at": "2024-05-01T10:00:00.000Z",
    "properties": [{"name": "serverFarms.plan.capacity", "before": 3, "after": 2}]}],
  "operations": ["add netns eg-app-web-0"]})";

TEST(RenderPlan, TellsWhatWouldChange) {
  EXPECT_EQ(shown(kPlan),
            "Resources\n"
            "  + site web\n"
            "  ~ serverFarm plan\n"
            "      capacity: 3 → 2\n"
            "  - host sql\n"
            "\n"
            "Restarts\n"
            "  api\n"
            "\n"
            "Addresses\n"
            "  + 10.1.1.4 of spoke/apps for plan/0\n"
            "  - 10.1.1.6 of spoke/apps from plan/2, free at 2024-05-01T22:00:00.000Z\n"
            "  - 10.1.2.4 of spoke/more from plan/0\n"
            "\n"
            "Links\n"
            "  - AppServiceLink of 'web' on spoke/apps\n"
            "\n"
            "Undoes\n"
            "  scale plan --capacity 3 (2024-05-01T10:00:00.000Z)\n"
            "      serverFarms.plan.capacity: 3 → 2\n"
            "\n"
            "Plan: 1 to add, 1 to change, 1 to remove; 1 kernel operations.\n");
}

TEST(RenderPlan, ListsKernelOperationsWhenAsked) {
  EXPECT_THAT(shown(kPlan), Not(HasSubstr("add netns")));
  EXPECT_THAT(shown(kPlan, KernelLines::kShown),
              HasSubstr("\nKernel\n  add netns eg-app-web-0\n\nPlan: "));
}

TEST(RenderPlan, TellsTheLabsOwnProperties) {
  EXPECT_THAT(shown(R"({"resources": [{"verb": "change", "kind": "lab", "name": "", "properties": [
                        {"name": "location", "before": "westeurope", "after": null}]}]})"),
              StartsWith("Resources\n  ~ lab\n      location: westeurope → unset\n\n"));
}

TEST(RenderPlan, SaysWhyItIsRefused) {
  const std::string text = shown(R"({
    "resources": [{"verb": "remove", "kind": "subnet", "name": "spoke/apps", "properties": []}],
    "refusals": [{"code": "InUseSubnetCannotBeDeleted", "message": "Subnet apps is in use.",
                  "path": "virtualNetworks.spoke.subnets.apps", "hint": "disconnect 'web' first"},
                 {"code": "Conflict", "message": "No.", "path": "", "hint": ""}],
    "operations": []})");
  EXPECT_THAT(text, AllOf(StartsWith("Resources\n  - subnet spoke/apps\n"),
                          EndsWith("\nRefused\n"
                                   "  InUseSubnetCannotBeDeleted: Subnet apps is in use.\n"
                                   "      path: virtualNetworks.spoke.subnets.apps\n"
                                   "      hint: disconnect 'web' first\n"
                                   "  Conflict: No.\n"
                                   "\n"
                                   "Plan: refused, nothing would change.\n")));
}

TEST(RenderPlan, SaysWhenNothingWouldChange) {
  EXPECT_THAT(shown(R"({"resources": [], "operations": []})"), StartsWith("No changes"));
}

std::string property(const std::string& before, const std::string& after,
                     const Screen& screen = kPipe) {
  return property_lines(
      Json::parse(R"({"name": "p", "before": )" + before + R"(, "after": )" + after + "}"), 2,
      screen);
}

TEST(PropertyLines, AreOneAsLongAsItFits) {
  EXPECT_EQ(property("null", R"(["a", "b"])"), "  p: unset → [a, b]\n");
  EXPECT_EQ(property("true", "null"), "  p: true → unset\n");
  EXPECT_EQ(property(R"("tags.json")", R"("tags.json")"), "  p: other contents of tags.json\n");
}

TEST(PropertyLines, TellOfListsWhatDiffers) {
  const Screen narrow{.columns = 20};
  EXPECT_EQ(
      property(R"(["10.0.0.0/24", "10.0.1.0/24"])", R"(["10.0.1.0/24", "10.0.2.0/24"])", narrow),
      "  p:\n    - 10.0.0.0/24\n    + 10.0.2.0/24\n");
  EXPECT_EQ(property(R"(["10.0.0.0/24"])", R"(["10.0.0.0/24", "10.0.0.0/24"])", narrow),
            "  p:\n    + 10.0.0.0/24\n");
  EXPECT_EQ(
      property(R"(["10.0.0.0/24", "10.0.1.0/24"])", R"(["10.0.1.0/24", "10.0.0.0/24"])", narrow),
      "  p: in another order\n");
  EXPECT_EQ(property("null", R"(["10.0.0.0/24", "10.0.1.0/24"])", narrow),
            "  p:\n    + 10.0.0.0/24\n    + 10.0.1.0/24\n");
  EXPECT_EQ(property(R"("a longer value")", R"("another value")", narrow),
            "  p:\n    - \"a longer value\"\n    + \"another value\"\n");
}

TEST(YamlText, QuotesWhatWouldReadAsSomethingElse) {
  EXPECT_EQ(yaml_text(Json::parse(R"(["spoke/apps", "10.1.2.4", "443", "1e3", "true", "", "*",
                                     "a: b", "x:", "443-444", "0x10", "a,b", "Tcp"])")),
            R"([spoke/apps, 10.1.2.4, "443", "1e3", "true", "", "*", "a: b", "x:", 443-444, )"
            R"("0x10", "a,b", Tcp])");
  EXPECT_EQ(yaml_text(Json::parse(R"({"a": 1, "b c": {"d": [true]}})")),
            R"({a: 1, "b c": {d: [true]}})");
}

TEST(RenderEffects, TellWhatAnOperationDidBesideItself) {
  EXPECT_EQ(render_effects(Json::parse(R"({"effects": {
      "restarts": ["api", "web"],
      "scalings": [{"serverFarm": "plan", "from": {"sku": "P1v3", "capacity": 2},
                    "to": {"sku": "P2v3", "capacity": 3}}],
      "leftBehind": [{"subnet": "spoke/apps", "serverFarm": "plan", "site": "old"}],
      "takenAway": [{"subnet": "spoke/more", "serverFarm": "plan", "site": "web"}]},
    "notes": ["delegated 'spoke/more' to Microsoft.Web/serverFarms"]})")),
            "  plan: sku P1v3 → P2v3, capacity 2 → 3\n"
            "  restarted: api, web\n"
            "  AppServiceLink stays on spoke/apps: recreate 'old' and disconnect it, or egressctl "
            "purge spoke/apps\n"
            "  AppServiceLink of 'web' is gone from spoke/more\n"
            "  delegated 'spoke/more' to Microsoft.Web/serverFarms\n");
  EXPECT_THAT(render_effects(Json::parse(R"({"changed": 0})")), IsEmpty());
}

TEST(RenderResult, TellsAPurgeFromNone) {
  const Json purged = Json::parse(R"({"changed": 0, "seconds": 0, "effects": {"takenAway": [
      {"subnet": "spoke/apps", "serverFarm": "plan", "site": "web"}]}})");
  EXPECT_EQ(render_result("purged", "spoke/apps", purged),
            "purged spoke/apps: 0 objects changed in 0.00 s\n");
}

TEST(RenderOrphans, ListsLinksOfDeletedApps) {
  EXPECT_EQ(render_orphans(Json::parse(R"({"serviceAssociationLinks": [
      {"subnet": "spoke/apps", "name": "AppServiceLink", "serverFarm": "plan", "sites": [],
       "deletedSites": ["web"], "orphaned": true},
      {"subnet": "spoke/more", "name": "AppServiceLink", "serverFarm": "plan", "sites": ["api"],
       "deletedSites": ["old"], "orphaned": false},
      {"subnet": "spoke/rest", "name": "AppServiceLink", "serverFarm": "plan", "sites": ["api"],
       "deletedSites": [], "orphaned": false}]})"),
                           kPipe),
            "Link left behind  Subnet      Plan  Of\n"
            "----------------  ----------  ----  ---\n"
            "AppServiceLink    spoke/apps  plan  web\n"
            "AppServiceLink    spoke/more  plan  old\n");
  EXPECT_THAT(render_orphans(Json::parse("{}"), kPipe), IsEmpty());
}

}  // namespace
}  // namespace egress::ctl
