// SPDX-License-Identifier: MIT
// Clients that watch what apps do.

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "compile/drop_names.hpp"
#include "compile/names.hpp"
#include "compile/senders.hpp"
#include "settings/wire_text.hpp"
#include "tests/support/network_of.hpp"
#include "tests/support/values.hpp"
#include "tests/unit/egressd/daemon_fixture.hpp"

namespace egress::daemon {
namespace {

using namespace testing_support;

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Event = kernel::FlowFeed::Event;

constexpr const char* kWorker = "eg-worker-plan-0";
constexpr const char* kVnet = "eg-vnet-spoke";
const std::string kWire = "plan/0 spoke/integration";

// A client on a thread of its own, from when its answer has begun.
class Watching {
 public:
  Watching(const std::string& socket, const std::string& query) {
    auto begun = std::make_shared<std::promise<void>>();
    std::future<void> has_begun = begun->get_future();
    reply_ = std::async(std::launch::async, [this, socket, query, begun] {
      return send(socket, {.path = "/v1/watch" + query,
                           .on_answer = [&] { begun->set_value(); },
                           .on_data = [this](const std::string& body) { return take(body); },
                           .is_over = [this] { return left_.load(); }});
    });
    EXPECT_EQ(has_begun.wait_for(kHang), std::future_status::ready);
  }
  ~Watching() { leave(); }

  std::vector<Json> lines() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  std::vector<Json> of_type(const std::string& type) {
    std::vector<Json> found = lines();
    std::erase_if(found, [&](const Json& line) { return line["type"] != type; });
    return found;
  }
  bool comes_to(size_t count, const std::string& type) {
    return eventually([&] {
      const std::lock_guard lock(mutex_);
      const auto is_one = [&](const Json& line) { return line["type"] == type; };
      return static_cast<size_t>(std::count_if(lines_.begin(), lines_.end(), is_one)) >= count;
    });
  }
  void leave() {
    read_on();
    left_ = true;
  }
  // Takes nothing from the socket until read_on().
  void read_no_more() { paused_ = true; }
  void read_on() { paused_ = false; }

 private:
  bool take(const std::string& body) {
    {
      const std::lock_guard lock(mutex_);
      for (size_t end = body.find('\n', read_); end != std::string::npos;
           end = body.find('\n', read_)) {
        lines_.push_back(Json::parse(body.substr(read_, end - read_)));
        read_ = end + 1;
      }
    }
    EXPECT_TRUE(eventually([this] { return !paused_; }));
    return !left_;
  }

  std::mutex mutex_{};
  size_t read_ = 0;  // of the answer so far
  std::vector<Json> lines_{};
  std::atomic<bool> left_{false};
  std::atomic<bool> paused_{false};
  std::future<Reply> reply_{};
};

class FlowWatchTest : public DaemonTest {
 protected:
  void start_with(const std::string& lab) {
    start();
    ASSERT_EQ(apply(lab)["result"]["failed"], Json::array());
    network_ = network_of(lab_from(lab));
  }
  // Before its clients go: their answers end with the daemon.
  void TearDown() override { stop(); }

  Event begun(uint16_t port, uint16_t source_port = 40000) const {
    const auto senders = compile::senders_of(*network_, {"plan", 0}).value();
    const auto app = std::find_if(senders.begin(), senders.end(), [](const auto& sender) {
      return sender.second.sender == lab::Sender{"web", 0, lab::TrafficClass::kApplication, 0};
    });
    return {kWorker, state::TrackedFlow{.protocol = kTcp,
                                        .source = app->first,
                                        .destination = ip("10.1.2.4"),
                                        .source_port = source_port,
                                        .destination_port = port,
                                        .reply_destination = ip("10.1.1.4"),
                                        .reply_destination_port = source_port}};
  }
  Event dropped(uint16_t port) const {
    std::string rule;
    for (const auto& [prefix, name] : compile::drop_names(*network_, 0)) {
      if (name.rule == "nsg/deny-sql") rule = prefix;
    }
    return {kVnet, state::DroppedPacket{.prefix = rule,
                                        .protocol = kTcp,
                                        .source = ip("10.1.1.4"),
                                        .destination = ip("10.1.2.4"),
                                        .source_port = 40000,
                                        .destination_port = port}};
  }
  void tell(const Event& event) const {
    const auto feed = kernel_.open_feed();
    ASSERT_NE(feed, nullptr);
    feed->tell(event);
  }

  std::shared_ptr<const policy::Network> network_{};
};

TEST(WatchedFeed, IsNoLongerOpenOnceItIsClosedWhoeverHasIt) {
  FakeKernel kernel;
  WatchedFeed feed(kernel.feed({}, {}).value());
  EXPECT_NE(kernel.open_feed(), nullptr);
  EXPECT_TRUE(feed.read(1).ok());
  feed.close();
  EXPECT_EQ(kernel.open_feed(), nullptr);
  EXPECT_EQ(feed.read(1).error().code, Errc::kNotFound);
  EXPECT_FALSE(feed.is_whole());
}

TEST_F(FlowWatchTest, TellsAFlowWithItsDecisionAndADropWithItsRule) {
  start_with(kLab);
  Watching all(path(), "");
  tell(begun(1433));
  tell(dropped(1433));
  ASSERT_TRUE(all.comes_to(1, "drop"));
  const Json flow = all.of_type("flow").at(0);
  EXPECT_EQ(flow["app"], "web/0");
  EXPECT_EQ(flow["verdict"], "Deny");
  EXPECT_EQ(flow["decidedBy"]["name"], "nsg/deny-sql");
  EXPECT_EQ(flow["port"], 1433);
  EXPECT_EQ(flow["source"], "10.1.1.4");
  const Json drop = all.of_type("drop").at(0);
  EXPECT_EQ(drop["app"], "web/0");
  EXPECT_EQ(drop["rule"], "nsg/deny-sql");
  EXPECT_EQ(drop["instance"], "plan/0");
}

TEST_F(FlowWatchTest, TellsEachClientWhatItWants) {
  std::string lab = kLab;
  lab.replace(lab.find("sites: {"), 8, "sites: {api: {serverFarm: plan}, ");
  start_with(lab);
  Watching web(path(), "?site=WEB");
  Watching api(path(), "?site=api/0");
  Watching denied(path(), "?denied=true");
  tell(begun(443, 40001));
  tell(begun(1433, 40002));
  ASSERT_TRUE(web.comes_to(2, "flow"));
  ASSERT_TRUE(denied.comes_to(1, "flow"));
  EXPECT_EQ(denied.of_type("flow").at(0)["sourcePort"], 40002);
  EXPECT_THAT(api.lines(), IsEmpty());
}

TEST_F(FlowWatchTest, IsOpenOnlyWhileSomebodyWatches) {
  start_with(kLab);
  EXPECT_EQ(kernel_.open_feed(), nullptr);
  {
    Watching first(path(), "");
    const auto feed = kernel_.open_feed();
    ASSERT_NE(feed, nullptr);
    EXPECT_THAT(feed->flows_of, ElementsAre(kWorker));
    EXPECT_THAT(feed->drops_of, ElementsAre(kVnet, kWorker));
    const Watching second(path(), "");
    EXPECT_EQ(kernel_.open_feed(), feed) << "one is enough";
  }
  EXPECT_TRUE(eventually([&] { return kernel_.open_feed() == nullptr; }));
}

TEST_F(FlowWatchTest, ASlowWatcherIsToldHowManyItLost) {
  constexpr size_t kMany = 20000;
  constexpr size_t kAtOnce = 500;
  start_with(kLab);
  Watching slow(path(), "");
  Watching quick(path(), "");
  tell(begun(443));
  ASSERT_TRUE(slow.comes_to(1, "flow"));
  slow.read_no_more();
  // As fast as the quick one reads, or a busy machine makes a slow one of it.
  for (size_t i = 1; i < kMany; ++i) {
    tell(begun(443, static_cast<uint16_t>(i)));
    if (i % kAtOnce == 0) {
      ASSERT_TRUE(quick.comes_to(i, "flow"));
    }
  }
  ASSERT_TRUE(quick.comes_to(kMany, "flow"));
  slow.read_on();
  size_t told = kMany;
  // Each is told only in front of another record for which there is room.
  ASSERT_TRUE(eventually([&] {
    tell(begun(443));
    ++told;
    return !slow.of_type("lost").empty();
  }));
  ASSERT_TRUE(quick.comes_to(told, "flow"));
  size_t lost = 0;
  EXPECT_TRUE(eventually([&] {
    lost = 0;
    for (const Json& line : slow.of_type("lost")) lost += line["count"].get<size_t>();
    return slow.of_type("flow").size() + lost == told;
  })) << slow.of_type("flow").size()
      << " and " << lost << " of " << told;
  EXPECT_EQ(slow.of_type("lost").at(0)["where"], "client");
  EXPECT_THAT(quick.of_type("lost"), IsEmpty());
}

TEST_F(FlowWatchTest, TellsWhatTheKernelHadNoRoomFor) {
  start_with(kLab);
  Watching all(path(), "");
  kernel_.open_feed()->lose(194);
  ASSERT_TRUE(all.comes_to(1, "lost"));
  EXPECT_EQ(all.of_type("lost").at(0)["where"], "kernel");
  EXPECT_EQ(all.of_type("lost").at(0)["count"], 194);
}

TEST_F(FlowWatchTest, BeginsAnewBehindAFault) {
  start_with(kLab);
  Watching all(path(), "");
  kernel_.open_feed()->fail({.code = Errc::kKernel, .message = "not today"});
  ASSERT_TRUE(all.comes_to(1, "lost")) << "as soon as it is open again";
  EXPECT_TRUE(all.of_type("lost").at(0)["count"].is_null());
  tell(begun(443));
  EXPECT_TRUE(all.comes_to(1, "flow"));
}

TEST_F(FlowWatchTest, FollowsTheLab) {
  start_with(kLab);
  Watching all(path(), "");
  ASSERT_EQ(apply(small_lab(2))["result"]["failed"], Json::array());
  ASSERT_TRUE(all.comes_to(1, "lost")) << "what came while it was opened anew is not known";
  EXPECT_THAT(kernel_.open_feed()->flows_of, ElementsAre(kWorker, "eg-worker-plan-1"));
  tell(begun(443));
  EXPECT_TRUE(all.comes_to(1, "flow"));
}

TEST_F(FlowWatchTest, HearsOfNamespacesThatComeWhenItIsOpen) {
  start();
  kernel_.fail_matching([](const state::Op& op) { return op.netns == kWorker; });
  apply(kLab);
  Watching all(path(), "");
  EXPECT_THAT(kernel_.open_feed()->flows_of, IsEmpty());
  kernel_.fail_matching(nullptr);
  ASSERT_EQ(apply(kLab)["result"]["failed"], Json::array());
  ASSERT_TRUE(all.comes_to(1, "lost"));
  EXPECT_THAT(kernel_.open_feed()->flows_of, ElementsAre(kWorker));
}

TEST_F(FlowWatchTest, TellsPacketsOfTheWiresThatAreMeant) {
  FakeProgram& program = kernel_.program_of({"eg-stamp", compile::kWireProcess});
  program.set_answer([](const std::string& question) -> Result<std::string> {
    const bool report = question.find("report") != std::string::npos;
    return report ? settings::to_text(settings::WireReport{}) : std::string();
  });
  start_with(small_tun_lab());
  Watching packets(path(), "?site=web&packets=true");
  Watching flows(path(), "");
  EXPECT_THAT(program.filters(), ElementsAre(settings::to_text(settings::RecordFilter{{kWire}})));
  const auto record = [](const std::string& wire) {
    return settings::to_text(settings::WireRecord(settings::PacketRecord{
        .wire = wire, .out = true, .flow = {.protocol = kTcp}, .tcp_flags = 2, .fate = "passed"}));
  };
  ASSERT_TRUE(program.tell(record("somebody else's")));
  ASSERT_TRUE(program.tell(record(kWire)));
  ASSERT_TRUE(program.tell(settings::to_text(settings::WireRecord(settings::LostRecords{3}))));
  ASSERT_TRUE(packets.comes_to(1, "lost"));
  ASSERT_EQ(packets.of_type("packet").size(), 1U);
  EXPECT_EQ(packets.of_type("packet").at(0)["wire"], kWire);
  EXPECT_EQ(packets.of_type("packet").at(0)["flags"], "S");
  EXPECT_EQ(packets.of_type("lost").at(0)["where"], "wire");
  EXPECT_THAT(flows.of_type("packet"), IsEmpty());
}

TEST_F(FlowWatchTest, IsRefusedWhatThereIsNotToWatch) {
  start();
  EXPECT_EQ(get("/v1/watch").status, 409) << "there is no lab";
  apply(kLab);
  EXPECT_EQ(get("/v1/watch?site=nobody").status, 404);
  EXPECT_EQ(get("/v1/watch?site=web/1").status, 404);
  EXPECT_EQ(get("/v1/watch?packets=perhaps").status, 400);
  const Reply veth = get("/v1/watch?packets=true");
  EXPECT_EQ(veth.status, 409);
  EXPECT_EQ(Json::parse(veth.body)["error"]["code"], "needs-tun");
}

TEST_F(FlowWatchTest, HasRoomForSoManyClients) {
  start_with(kLab);
  std::vector<std::unique_ptr<Watching>> all;
  for (size_t i = 0; i < control::kMostWatchers; ++i) {
    all.push_back(std::make_unique<Watching>(path(), ""));
  }
  EXPECT_EQ(get("/v1/watch").status, 503);
  all.front()->leave();
  EXPECT_TRUE(eventually([&] {
    auto next = std::async(std::launch::async, [&] {
      return send(path(),
                  {.path = "/v1/watch", .on_data = [](const std::string&) { return false; }});
    });
    while (next.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready) {
      tell(begun(443));
    }
    return next.get().status == 200;
  }));
}

}  // namespace
}  // namespace egress::daemon
