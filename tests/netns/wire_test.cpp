// SPDX-License-Identifier: MIT
// What egress-wire makes of flows, beside a kernel that does what a test tells it.
#include <sys/socket.h>

#include <filesystem>

#include "tests/netns/wire_fixture.hpp"
#include "tests/support/live_flows.hpp"

namespace egress::wires::test {
namespace {

using settings::FlowCounts;
using ::testing::HasSubstr;

class Wires : public WireFixture {};

TEST_F(Wires, AsksTheKernelBeforeItDenies) {
  attach_ends();
  attach_network();
  const UdpSocket app("worker", 4000);
  app.send("first", kHost, kDenied);
  EXPECT_EQ(flows(1), (FlowCounts{.asked = 1, .agreed = 1}));
  EXPECT_EQ(kernel_drops(), 1);
  for (int each = 0; each < 5; ++each) app.send("more", kHost, kDenied);
  EXPECT_TRUE(eventually([&] { return wire().out.denied == 5; }));
  EXPECT_EQ(kernel_drops(), 1);
  EXPECT_EQ(wire().out.packets, 1U);
}

TEST_F(Wires, CarriesBothWaysWhatBothLetOut) {
  attach_ends();
  attach_network();
  const UdpSocket app("worker", 4000);
  UdpSocket host("host", kAllowed);
  for (int each = 0; each < 3; ++each) {
    app.send("question", kHost, kAllowed);
    EXPECT_EQ(host.receive(), "question");
    EXPECT_EQ(host.peer(), ip("10.1.1.4"));
    host.answer("answer");
  }
  EXPECT_EQ(flows(1), (FlowCounts{.asked = 1, .agreed = 1}));
  const settings::OneWire counted = wire();
  EXPECT_TRUE(counted.carrying);
  EXPECT_EQ(counted.out.packets, 3U);
  EXPECT_EQ(counted.out.bytes, 3U * (28 + 8));
}

TEST_F(Wires, CarryOnWhenANamespaceGetsAnotherName) {
  attach_ends();
  attach_network();
  const UdpSocket app("worker", 4000);
  UdpSocket host("host", kAllowed);
  for (const auto& [from, to] : {std::pair("worker", "worker-0"), {"vnet", "vnet-0"}}) {
    EXPECT_OK(program_->rename(from, to));
    app.send("on", kHost, kAllowed);
    EXPECT_EQ(host.receive(), "on");
  }
  EXPECT_TRUE(wire().carrying);
  EXPECT_OK(program_->attach("worker-0", "wire-integ0", to_text(worker_end())));
  EXPECT_OK(program_->attach("vnet-0", "wire-w-plan-0-0", to_text(vnet_end())));
  app.send("further", kHost, kAllowed);
  EXPECT_EQ(host.receive(), "further");
  EXPECT_EQ(wire().out.packets, 3U) << "it is the same wire";
  EXPECT_OK(program_->detach("worker-0", "wire-integ0"));
  EXPECT_FALSE(wire().carrying);
}

TEST_F(Wires, SparesWhatBeganBefore) {
  change_list("");
  attach_ends();
  UdpSocket app("worker", 4000);
  UdpSocket host("host", kDenied);
  app.send("before", kHost, kDenied);
  EXPECT_EQ(host.receive(), "before");
  host.answer("answer");
  EXPECT_EQ(app.receive(), "answer");
  change_list("udp dport 1433 drop");
  attach_network();
  // While the network is analysed nobody is told.
  EXPECT_TRUE(eventually([&] {
    app.send("after", kHost, kDenied);
    return host.receive() == "after" && wire().flows.spared == 1;
  }));
  EXPECT_EQ(wire().out.denied, 0U);
}

TEST_F(Wires, TellsWhatTheKernelDoesOtherwise) {
  attach_ends();
  attach_network();
  settle();
  change_list("udp dport 9000 drop");
  const UdpSocket app("worker", 4000);
  UdpSocket host("host", kDenied);
  app.send("passes", kHost, kDenied);
  EXPECT_EQ(host.receive(), "passes");
  app.send("is dropped", kHost, kAllowed);
  EXPECT_EQ(flows(2), (FlowCounts{.asked = 2, .passed = 1, .dropped = 1}));
  const auto disagreements = wire().disagreements;
  ASSERT_EQ(disagreements.size(), 2U);
  EXPECT_TRUE(disagreements[0].kernel_passed);
  EXPECT_EQ(disagreements[0].decided_by.name, "nsg/deny-sql");
  EXPECT_EQ(disagreements[0].flow.source_port, 4000);
  EXPECT_FALSE(disagreements[1].kernel_passed);
  EXPECT_EQ(disagreements[1].flow.destination_port, kAllowed);
  app.send("goes on passing", kHost, kDenied);
  EXPECT_EQ(host.receive(), "goes on passing");
  EXPECT_EQ(wire().out.denied, 0U);
}

TEST_F(Wires, DoNotCountWhatDiffersWhileTheKernelIsChanged) {
  attach_ends();
  attach_network();
  settle();
  EXPECT_TRUE(program_->ask(to_text(settings::WireQuestion(settings::Changing{}))).ok());
  change_list("");
  const UdpSocket app("worker", 4000);
  app.send("passes", kHost, kDenied);
  EXPECT_EQ(flows(1), (FlowCounts{.asked = 1, .untold = 1}));
  EXPECT_TRUE(wire().disagreements.empty());
}

TEST_F(Wires, AResetAtOnceIsNoDisagreement) {
  attach_ends();
  attach_network();
  settle();
  for (int each = 1; each <= 20; ++each) {
    const UniqueFd socket = socket_in("worker", SOCK_STREAM | SOCK_CLOEXEC);
    const sockaddr_in to = socket_address(kHost, kAllowed);
    EXPECT_LT(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    EXPECT_EQ(errno, ECONNREFUSED);
  }
  EXPECT_EQ(flows(20), (FlowCounts{.asked = 20, .agreed = 20}));
}

TEST_F(Wires, AnswersOfPrivatePortsPass) {
  attach_ends();
  attach_network();
  UdpSocket app("worker", 40000);
  UdpSocket other("host", kDenied);
  for (int each = 0; each < 3; ++each) {
    other.send("question", ip("10.1.1.4"), 40000);
    EXPECT_EQ(app.receive(), "question");
    app.answer("answer");
    EXPECT_EQ(other.receive(), "answer");
  }
  EXPECT_EQ(flows(1).agreed, 0U);
  EXPECT_EQ(wire().out.denied, 0U);
}

TEST_F(Wires, DropNothingWithoutANetwork) {
  attach_ends();
  const UdpSocket app("worker", 4000);
  for (int each = 1; each <= 5; ++each) {
    app.send("question", kHost, kDenied);
    EXPECT_TRUE(eventually([&] { return kernel_drops() == each; }));
  }
  EXPECT_EQ(wire().out.denied, 0U);
  EXPECT_EQ(wire().flows.agreed, 0U);
}

TEST_F(Wires, DropNothingByATextThatTheyCannotRead) {
  attach_ends();
  EXPECT_OK(program_->attach("host", settings::kNetworkAttachment, R"({"lab":1})"));
  EXPECT_TRUE(eventually([&] { return !report().problem.empty(); }));
  const UdpSocket app("worker", 4000);
  app.send("question", kHost, kDenied);
  EXPECT_EQ(flows(1), (FlowCounts{.asked = 1, .untold = 1}));
  attach_network();
  EXPECT_TRUE(eventually([&] { return report().problem.empty(); }));
}

TEST_F(Wires, AskAnewForAnotherNetwork) {
  attach_ends();
  attach_network();
  const UdpSocket app("worker", 4000);
  app.send("first", kHost, kDenied);
  EXPECT_EQ(flows(1).agreed, 1U);
  std::string other = kLab;
  other.replace(other.find("1433"), 4, "1434");
  attach_network(other);
  change_list("");
  UdpSocket host("host", kDenied);
  app.send("passes", kHost, kDenied);
  EXPECT_EQ(host.receive(), "passes");
}

TEST_F(Wires, HoldPacketsAndLetThemGoStepByStep) {
  attach_ends();
  settings::WireEnd held = worker_end();
  held.imposed = policy::Imposed{.held = true};
  EXPECT_OK(attach_worker(held));
  const UdpSocket app("worker", 4000);
  UdpSocket host("host", kAllowed);
  for (const char* text : {"one", "two", "three"}) app.send(text, kHost, kAllowed);
  EXPECT_TRUE(wire().held);
  EXPECT_FALSE(wire().carrying);
  EXPECT_EQ(wire().out.packets, 0U);
  const auto taken = program_->ask(to_text(settings::WireQuestion(settings::Step{held.wire, 2})));
  ASSERT_TRUE(taken.ok()) << taken.error().to_string();
  EXPECT_EQ(settings::parse_steps_taken(*taken).value(), (settings::StepsTaken{.out = 2}));
  EXPECT_EQ(host.receive(), "one");
  EXPECT_EQ(host.receive(), "two");
  EXPECT_TRUE(host.empty());
  EXPECT_OK(attach_worker());
  EXPECT_EQ(host.receive(), "three");
  EXPECT_THAT(program_->ask(to_text(settings::WireQuestion(settings::Step{held.wire, 1})))
                  .error()
                  .to_string(),
              HasSubstr("is not held"));
}

TEST_F(Wires, AnImpairmentEndsByItself) {
  attach_ends();
  settings::WireEnd lossy = worker_end();
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  lossy.impairment = lab::Impairment{.latency = std::chrono::milliseconds(1)};
  lossy.imposed = policy::Imposed{.impairment = {.loss = 1}, .until_ms = now_ms + 5000};
  EXPECT_OK(attach_worker(lossy));
  EXPECT_EQ(wire().impairment, lossy.imposed->impairment);
  EXPECT_EQ(wire().until_ms, now_ms + 5000);
  const UdpSocket app("worker", 4000);
  UdpSocket host("host", kAllowed);
  app.send("lost", kHost, kAllowed);
  EXPECT_TRUE(eventually([&] { return wire().out.lost == 1; }));
  EXPECT_TRUE(eventually([&] { return wire().impairment == lossy.impairment; }));
  EXPECT_FALSE(wire().until_ms.has_value());
  app.send("delayed", kHost, kAllowed);
  EXPECT_EQ(host.receive(), "delayed");
}

TEST_F(Wires, WhatWaitsGoesOnWhenAnImpairmentIsCleared) {
  settings::WireEnd slow = worker_end();
  slow.impairment = lab::Impairment{.latency = std::chrono::seconds(10)};
  EXPECT_OK(attach_worker(slow));
  EXPECT_OK(attach_vnet());
  const UdpSocket app("worker", 4000);
  UdpSocket host("host", kAllowed);
  app.send("one", kHost, kAllowed);
  app.send("two", kHost, kAllowed);
  EXPECT_TRUE(eventually([&] { return wire().out.waiting == 2; }));
  EXPECT_OK(attach_worker());
  EXPECT_EQ(host.receive(), "one");
  EXPECT_EQ(host.receive(), "two");
  EXPECT_EQ(wire().out.waiting, 0U);
}

TEST_F(Wires, TellReadersOfEachPacket) {
  attach_ends();
  const UniqueFd folder(::open(program_->folder().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  const auto reader = kernel::open_records(folder.get(), to_text(settings::RecordFilter{}));
  ASSERT_TRUE(reader.ok()) << reader.error().to_string();
  const UdpSocket app("worker", 4000);
  const UdpSocket host("host", kAllowed);
  const auto next = [&] {
    auto message = kernel::receive_message(reader->get());
    return message.ok() ? message->text : std::string();
  };
  std::string told;
  EXPECT_TRUE(eventually([&] {
    app.send("text", kHost, kAllowed);
    told = next();
    return !told.empty();
  }));
  const auto record = settings::parse_wire_record(told);
  ASSERT_TRUE(record.ok()) << told;
  const auto& packet = std::get<settings::PacketRecord>(*record);
  EXPECT_EQ(packet.wire, worker_end().wire);
  EXPECT_TRUE(packet.out);
  EXPECT_EQ(packet.flow.source_port, 4000);
  EXPECT_EQ(packet.length, 28 + 4);
  EXPECT_EQ(packet.fate, "passed");
}

TEST_F(Wires, SayWhatIsInTheirWay) {
  settings::WireEnd missing = worker_end();
  missing.link = "integ9";
  EXPECT_THAT(attach_worker(missing).error().to_string(), HasSubstr("no TUN integ9"));
  EXPECT_TRUE(report().wires.empty());
  const UniqueFd place = netns_of("worker");
  auto taken = kernel::open_inside(place.get(), [] { return kernel::open_tun_queue(kWorkerLink); });
  ASSERT_TRUE(taken.ok());
  EXPECT_THAT(attach_worker().error().to_string(), HasSubstr("somebody else has the interface"));
  taken->reset();
  EXPECT_OK(attach_worker());
}

TEST_F(Wires, ChangePlaces) {
  make_tun("worker", "integ1", 102);
  make_tun("vnet", "w-plan-0-1", 103);
  by_hand("ip -n worker link set integ1 up; ip -n vnet link set w-plan-0-1 up");
  const lab::Integration second{"plan", 0, {"spoke", "data"}};
  settings::WireEnd worker = worker_end();
  settings::WireEnd vnet = vnet_end();
  worker.wire = vnet.wire = settings::wire_name(second);
  worker.integration = vnet.integration = second;
  worker.link = "integ1";
  vnet.link = "w-plan-0-1";
  attach_ends();
  EXPECT_OK(program_->attach("worker", "wire-integ1", to_text(worker)));
  EXPECT_OK(program_->attach("vnet", "wire-w-plan-0-1", to_text(vnet)));

  settings::WireEnd first = worker_end();
  std::swap(first.link, worker.link);
  EXPECT_OK(program_->attach("worker", "wire-integ0", to_text(worker)));
  EXPECT_OK(program_->attach("worker", "wire-integ1", to_text(first)));
  const UdpSocket app("worker", 4000);
  UdpSocket host("host", kAllowed);
  app.send("text", kHost, kAllowed);
  EXPECT_EQ(host.receive(), "text");
  const auto wires = report().wires;
  ASSERT_EQ(wires.size(), 2U);
  for (const settings::OneWire& each : wires) {
    EXPECT_TRUE(each.carrying) << each.wire;
    EXPECT_EQ(each.out.packets, each.wire == worker.wire ? 1U : 0U) << each.wire;
  }
}

TEST_F(Wires, TakeADeviceThatWasMadeAnew) {
  attach_ends();
  by_hand("ip -n worker link del integ0");
  EXPECT_TRUE(eventually([&] { return !wire().carrying; }));
  make_tun("worker", kWorkerLink, 102);
  by_hand(
      "ip -n worker addr add 10.1.1.4/32 dev integ0; ip -n worker link set integ0 up;"
      "ip -n worker route add default via 10.1.1.1 dev integ0 onlink");
  EXPECT_OK(attach_worker());
  const UdpSocket app("worker", 4000);
  UdpSocket host("host", kAllowed);
  app.send("text", kHost, kAllowed);
  EXPECT_EQ(host.receive(), "text");
  EXPECT_TRUE(wire().carrying);
}

TEST_F(Wires, DescriptorsAndThreadsAreAsBefore) {
  const std::string proc = "/proc/" + std::to_string(program_->process().pid());
  const auto count = [&](const char* what) {
    size_t number = 0;
    for (const auto& each : std::filesystem::directory_iterator(proc + what)) {
      number += each.path().empty() ? 0 : 1;
    }
    return number;
  };
  const auto round = [&] {
    settings::WireEnd slow = worker_end();
    slow.impairment = lab::Impairment{.latency = std::chrono::milliseconds(1)};
    EXPECT_OK(attach_worker(slow));
    EXPECT_OK(attach_vnet());
    EXPECT_OK(program_->detach("worker", "wire-integ0"));
    EXPECT_OK(program_->detach("vnet", "wire-w-plan-0-0"));
  };
  round();
  const size_t threads = count("/task");
  // The judge closes what it has watched by in its own time.
  size_t descriptors = count("/fd");
  for (int each = 0; each < 100; ++each) round();
  EXPECT_EQ(count("/task"), threads);
  EXPECT_TRUE(eventually([&] { return count("/fd") <= descriptors; }));
  EXPECT_TRUE(report().wires.empty());
}

}  // namespace
}  // namespace egress::wires::test
