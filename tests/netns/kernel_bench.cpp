// SPDX-License-Identifier: MIT
// How long a worker takes: one namespace with three veth pairs to a hub, addresses, routes, rules
// and a small firewall, as in the control-plane measurements this is to be held against. Prints
// milliseconds per worker; asserts nothing. Argument: how many workers (100).

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "kernel/linux_kernel.hpp"
#include "tests/support/private_machine.hpp"

namespace egress {
namespace {

using Clock = std::chrono::steady_clock;
using state::KernelState;
using state::Phase;

state::Link veth_end(const std::string& name, const std::string& netns, const std::string& other,
                     uint8_t kind, int number) {
  state::Link link{.name = name, .peer = {netns, other}, .forwarding = true, .alias = "bench"};
  link.mac.octets = {
      2, kind, 0, 0, static_cast<uint8_t>(number >> 8), static_cast<uint8_t>(number)};
  return link;
}

state::Firewall small_firewall() {
  state::NftTable table;
  table.maps["ways"] = state::make_map(
      {.key = {state::NftField::kIifname, state::NftField::kOifname}}, {{{"p0", "p1"}}});
  table.chains["input"] = {
      .hook = state::NftHook{"filter", "input", 0, true},
      .rules = {{"ct state established,related accept", "answers"}, {"counter reject", "refused"}}};
  table.chains["forwarding"] = {
      .hook = state::NftHook{"filter", "forward", 0, true},
      .rules = {{"ct state established,related accept", "answers"},
                {"ip daddr { 169.254.0.0/16, 224.0.0.0/3 } counter drop", "never"},
                {"iifname . oifname @ways accept", "ways"}}};
  table.chains["translation"] = {.hook = state::NftHook{"nat", "postrouting", 100},
                                 .rules = {{"oifname \"p1\" snat to 10.0.0.4", "lease"},
                                           {"oifname \"p2\" snat to 240.0.0.4", "direct"}}};
  return state::make_firewall(std::move(table));
}

state::NetnsState plain_netns() {
  state::NetnsState netns = state::fresh_netns();
  netns.links.at("lo").up = true;
  netns.sysctls["net.ipv4.conf.all.rp_filter"] = {"net.ipv4.conf.all.rp_filter", "0"};
  return netns;
}

void add_worker(KernelState& state, const std::string& hub, int number) {
  const std::string name = fmt::format("eg-worker-{}", number);
  state::NetnsState worker = plain_netns();
  worker.firewall = small_firewall();
  for (int i = 0; i < 3; ++i) {
    const std::string port = fmt::format("p{}", i);
    const std::string far = fmt::format("w{}-{}", number, i);
    worker.links[port] = veth_end(port, hub, far, static_cast<uint8_t>(i), number);
    state[hub]->links[far] = veth_end(far, name, port, static_cast<uint8_t>(8 + i), number);
    const Ipv4Address gateway{0xa9feff02};
    worker.addresses.insert({port, Ipv4Address{0x0a000000U + static_cast<uint32_t>(i)}, 32});
    worker.neighbours.insert({port, gateway, state[hub]->links[far].mac});
    const state::Route route{
        .table = 100 + static_cast<uint32_t>(i), .link = port, .gateway = gateway, .onlink = true};
    worker.routes[state::key_of(route)] = route;
  }
  worker.rules.insert({.priority = 1000, .table = 101, .fwmark = 1, .fwmask = 0xffffffff});
  worker.rules.insert({.priority = 1000, .table = 102, .fwmark = 2, .fwmask = 0xffffffff});
  state[name] = std::move(worker);
}

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// Milliseconds by phase.
std::map<Phase, double> pass(kernel::LinuxKernel& kernel, const KernelState& desired) {
  std::map<Phase, double> spent;
  const auto observed = kernel.observe();
  EG_CHECK(observed.ok(), "the bench cannot observe");
  const state::ChangeSet ops = state::diff(desired, *observed).value();
  for (const state::Op& op : ops) {
    const auto start = Clock::now();
    const Status status = kernel.apply(op);
    spent[op.phase] += milliseconds_since(start);
    if (!status.ok()) std::printf("%s\n", status.error().to_string().c_str());
  }
  return spent;
}

int bench(int workers) {
  KernelState desired;
  const std::string hub = "eg-vnet-hub";
  desired[hub] = plain_netns();
  for (int i = 0; i < workers; ++i) add_worker(desired, hub, i);
  auto opened = kernel::LinuxKernel::open({.state_dir = "/bench", .run_dir = "/run/egressd"});
  EG_CHECK(opened.ok(), "the bench cannot open the kernel");
  kernel::LinuxKernel* kernel = opened->get();

  auto start = Clock::now();
  const auto phases = pass(*kernel, desired);
  const double made = milliseconds_since(start);
  std::printf("create, a whole pass  %.3f ms/worker\n", made / workers);
  for (const auto& [phase, spent] : phases) {
    std::printf("  phase %2d            %.3f ms/worker\n", static_cast<int>(phase),
                spent / workers);
  }
  for (const char* which : {"first", "second", "third"}) {
    start = Clock::now();
    const bool equal = *kernel->observe() == desired;
    std::printf("observe, %-12s %.3f ms/worker%s\n", which, milliseconds_since(start) / workers,
                equal ? "" : " NOT AS DESIRED");
  }
  auto restarted = kernel::LinuxKernel::open({.state_dir = "/bench", .run_dir = "/run/egressd"});
  EG_CHECK(restarted.ok(), "the bench cannot open the kernel");
  start = Clock::now();
  const bool equal = *(*restarted)->observe() == desired;
  std::printf("observe, restarted    %.3f ms/worker%s\n", milliseconds_since(start) / workers,
              equal ? "" : " NOT AS DESIRED");
  opened->reset();
  start = Clock::now();
  pass(**restarted, {});
  std::printf("remove, a whole pass  %.3f ms/worker\n", milliseconds_since(start) / workers);
  return 0;
}

}  // namespace
}  // namespace egress

int main(int argc, char** argv) {
  const int workers = argc > 1 ? std::atoi(argv[1]) : 100;
  return egress::testing_support::in_private_machine([workers] { return egress::bench(workers); });
}
