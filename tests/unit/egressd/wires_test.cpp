// SPDX-License-Identifier: MIT
// What the daemon tells the program that carries wires, and what it makes of its answers.

#include <gmock/gmock.h>

#include "compile/names.hpp"
#include "settings/wire_text.hpp"
#include "tests/unit/egressd/daemon_fixture.hpp"

namespace egress::daemon {
namespace {

using settings::WireReport;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kTunLab = testing_support::small_tun_lab();
const std::string kWire = "plan/0 spoke/integration";
constexpr const char* kVerify = R"({"site":"web","url":"tcp://10.1.2.4:443","verify":true})";
constexpr const char* kSlow = R"({"impairment": {"latency": "20ms"}})";

class WiresTest : public DaemonTest {
 protected:
  WiresTest() {
    report_.wires = {{.wire = kWire, .carrying = true}};
    program_.set_answer([this](const std::string& question) -> Result<std::string> {
      const auto asked = settings::parse_wire_question(question);
      EXPECT_TRUE(asked.ok()) << question;
      if (std::holds_alternative<settings::Report>(*asked)) return settings::to_text(report_);
      if (std::holds_alternative<settings::Step>(*asked)) {
        return settings::to_text(settings::StepsTaken{2, 1});
      }
      return std::string();
    });
  }
  // The questions but for those about reports, by their words.
  std::vector<std::string> told() const {
    std::vector<std::string> told;
    for (const std::string& question : program_.questions()) {
      const auto word = Json::parse(question)["question"].get<std::string>();
      if (word != "report") told.push_back(word);
    }
    return told;
  }
  static std::string code_of(const Reply& reply) {
    return Json::parse(reply.body)["error"]["code"];
  }

  // What the program says; set before it is asked.
  WireReport report_{};
  testing_support::FakeProgram& program_ = kernel_.program_of({"eg-stamp", compile::kWireProcess});
};

TEST_F(WiresTest, StandInTheStatusAsTheProgramReportsThem) {
  start();
  apply(kLab);
  EXPECT_EQ(status()["wires"], Json::array());
  EXPECT_EQ(Json::parse(get("/v1/wires").body), (Json{{"wires", Json::array()}}));
  apply(kTunLab);
  const Json wires = status()["wires"];
  ASSERT_EQ(wires.size(), 1U);
  EXPECT_EQ(wires[0]["wire"], kWire);
  EXPECT_EQ(wires[0]["carrying"], true);
  EXPECT_EQ(Json::parse(get("/v1/wires").body)["wires"], wires);
  EXPECT_EQ(status()["inSync"], true);
}

TEST_F(WiresTest, ThatDisagreeWithTheKernelAreAProblem) {
  report_.wires[0].flows = {.asked = 3, .agreed = 2, .passed = 1};
  report_.wires[0].disagreements = {
      {.flow = {.protocol = 6,
                .source = {0x0a010104},
                .destination = {0x0a010204},
                .source_port = 50000,
                .destination_port = 1433},
       .kernel_passed = true,
       .decided_by = {policy::Stage::kNetworkSecurityGroup, "nsg/deny-sql"}}};
  start();
  apply(kTunLab);
  const Json seen = status();
  EXPECT_EQ(seen["inSync"], false);
  ASSERT_EQ(seen["problems"].size(), 1U);
  EXPECT_THAT(seen["problems"][0].get<std::string>(),
              AllOf(HasSubstr("disagree on 1 flows of plan/0 spoke/integration"),
                    HasSubstr("tcp 10.1.1.4:50000 -> 10.1.2.4:1433: nsg/deny-sql denies it, and "
                              "the kernel let it pass")));
}

TEST_F(WiresTest, ThatDoNotAnswerAreAProblem) {
  program_.set_answer([](const std::string&) -> Result<std::string> {
    return Error{.code = Errc::kBusy, .message = "no answer"};
  });
  start();
  apply(kTunLab);
  EXPECT_EQ(status()["problems"], Json::array({"the wires do not answer: no answer"}));
  EXPECT_EQ(get("/v1/wires").status, 409);
}

TEST_F(WiresTest, AreToldBeforeAPassChangesSomethingAndWhenItHas) {
  start();
  apply(kTunLab);
  // The first pass has made the program, which nobody could tell before.
  EXPECT_THAT(told(), ElementsAre("settled"));
  apply(kTunLab);
  EXPECT_THAT(told(), ElementsAre("settled")) << "nothing was changed";
  apply(testing_support::small_tun_lab(2));
  EXPECT_THAT(told(), ElementsAre("settled", "changing", "settled"));
}

TEST_F(WiresTest, AreNotSettledByAPassThatHasFailed) {
  start();
  apply(kTunLab);
  kernel_.fail_apply(0);
  apply(testing_support::small_tun_lab(2));
  EXPECT_TRUE(testing_support::eventually([&] { return told().size() >= 4; }));
  EXPECT_THAT(told(), ElementsAre("settled", "changing", "changing", "settled"));
}

TEST_F(WiresTest, OfVethPlansAreRefused) {
  start();
  EXPECT_EQ(post("/v1/wires/plan", kSlow).status, 409);
  apply(kLab);
  const Reply refused = post("/v1/wires/plan", kSlow);
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(code_of(refused), "needs-tun");
  EXPECT_EQ(post("/v1/wires/nobody", kSlow).status, 404);
  EXPECT_EQ(post("/v1/wires/plan/x", kSlow).status, 400);
  EXPECT_EQ(post("/v1/wires/plan", R"({"held": 7})").status, 400);
}

TEST_F(WiresTest, KeepWhatIsImposedThroughTheNextDaemon) {
  start();
  apply(kTunLab);
  const Json before = kernel_.state()["eg-worker-plan-0"]->attachments.size();
  const uint64_t version = status()["version"];
  EXPECT_EQ(last_line(post("/v1/wires/plan/0", kSlow))["result"]["failed"], Json::array());
  EXPECT_EQ(status()["version"], version + 1);
  EXPECT_EQ(kernel_.state()["eg-worker-plan-0"]->attachments.size(), before);
  const state::KernelState imposed = kernel_.state();
  stop();
  start();
  EXPECT_EQ(status()["version"], version + 1);
  EXPECT_EQ(status()["inSync"], true);
  EXPECT_EQ(state::to_text(kernel_.state()), state::to_text(imposed));
  EXPECT_EQ(last_line(post("/v1/wires/plan", "{}"))["result"]["failed"], Json::array());
  EXPECT_NE(state::to_text(kernel_.state()), state::to_text(imposed));
}

TEST_F(WiresTest, AreSteppedWhereTheyAreHeld) {
  start();
  apply(kTunLab);
  const Reply refused = post("/v1/wires/plan/0/step", R"({"packets": 2})");
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(refused.body, HasSubstr("no wire of plan/0 is held"));
  post("/v1/wires/plan", R"({"held": true})");
  EXPECT_EQ(Json::parse(post("/v1/wires/plan/step", R"({"packets": 2})").body),
            (Json{{"out", 2}, {"in", 1}}));
  EXPECT_THAT(program_.questions(), testing::Contains(settings::to_text(settings::Step{kWire, 2})));
}

TEST_F(WiresTest, ThatAreImpairedOrHeldAreWarnedOfWherePacketsAreSent) {
  start();
  apply(kTunLab);
  const auto warnings = [&] { return Json::parse(post("/v1/explain", kVerify).body)["warnings"]; };
  EXPECT_EQ(warnings(), Json::array());
  post("/v1/wires/plan", kSlow);
  EXPECT_EQ(warnings(), Json::array({"the wire of plan/0 is impaired"}));
  post("/v1/wires/plan", R"({"held": true, "seconds": 600})");
  EXPECT_EQ(warnings(), Json::array({"the wire of plan/0 is held"}));
  const std::string expecting =
      kTunLab + "expectations: [{from: web, to: tcp://10.1.2.4:443, expect: allow}]\n";
  apply(expecting);
  EXPECT_EQ(Json::parse(post("/v1/test", message(expecting)).body)["warnings"],
            Json::array({"the wire of plan/0 is held"}));
}

TEST_F(WiresTest, AreRefusedBeforeTheyAreStoredOnAMachineThatHasNone) {
  kernel_.take_tun_away();
  start();
  apply(kLab);
  for (const char* path : {"/v1/apply", "/v1/plan"}) {
    const Reply refused = post(path, message(kTunLab));
    EXPECT_EQ(refused.status, 409) << path;
    EXPECT_EQ(code_of(refused), "unsupported");
    EXPECT_THAT(refused.body, HasSubstr("interface: tun"));
  }
  EXPECT_EQ(status()["inSync"], true);
  EXPECT_EQ(get("/v1/wires").body, control::dump(Json{{"wires", Json::array()}}));
}

}  // namespace
}  // namespace egress::daemon
