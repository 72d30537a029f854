// SPDX-License-Identifier: MIT
#include "tests/netns/linux_fixture.hpp"

#include <functional>

#include "tests/support/flow_cache.hpp"
#include "tests/support/process.hpp"

namespace egress::kernel_tests {

using namespace testing_support;

std::unique_ptr<kernel::LinuxKernel> open_kernel(const std::string& prefix,
                                                 const std::string& state_dir, Clock clock) {
  return open_kernel(flow_cache_use(), prefix, state_dir, std::move(clock));
}

std::unique_ptr<kernel::LinuxKernel> open_kernel(kernel::FlowCachePrograms::Use flow_cache,
                                                 const std::string& prefix,
                                                 const std::string& state_dir, Clock clock) {
  auto opened =
      kernel::LinuxKernel::open({.prefix = prefix,
                                 .state_dir = state_dir,
                                 .run_dir = kRunDir,
                                 .programs = {{"egress-dns", EGRESS_DNS_PROGRAM},
                                              {"egress-host", EGRESS_HOST_PROGRAM},
                                              {"egress-identity", EGRESS_IDENTITY_PROGRAM},
                                              {"egress-wire", EGRESS_WIRE_PROGRAM}},
                                 .clock = std::move(clock),
                                 .flow_cache = flow_cache});
  if (opened.ok()) return *std::move(opened);
  ADD_FAILURE() << opened.error().to_string();
  return nullptr;
}

std::string make_marked(const std::string& name) {
  return "ip netns add " + name + "; ip -n " + name + " link set lo alias 'egressd eg " +
         kStateDir + "';";
}

state::KernelState LinuxFixture::observe() {
  auto observed = kernel().observe();
  if (observed.ok()) return *std::move(observed);
  ADD_FAILURE() << observed.error().to_string();
  return {};
}

state::NetnsState LinuxFixture::observe(const state::NetnsName& netns) {
  const state::KernelState observed = observe();
  const auto found = observed.find(netns);
  if (found != observed.end()) return *found->second;
  ADD_FAILURE() << netns << " is not there";
  return {};
}

Status LinuxFixture::apply(state::Verb verb, const state::NetnsName& netns, state::Object object) {
  return kernel().apply({state::Phase::kAddNetns, verb, netns, std::move(object)});
}

size_t LinuxFixture::converge(const state::KernelState& desired, const state::Renames& renames) {
  const state::ChangeSet ops = state::diff(desired, observe(), renames).value();
  for (const state::Op& op : ops) EXPECT_OK(kernel().apply(op));
  const state::ChangeSet left = state::diff(desired, observe(), renames).value();
  for (const state::Op& op : left) {
    ADD_FAILURE() << "still wanted after a pass: " << to_text(op);
  }
  return ops.size();
}

state::NetnsState plain_netns() {
  state::NetnsState netns = state::fresh_netns();
  netns.links.at("lo").up = true;
  netns.sysctls["net.ipv4.conf.all.rp_filter"] = {"net.ipv4.conf.all.rp_filter", "0"};
  return netns;
}

void join(state::KernelState& state, const std::string& netns, const std::string& link,
          const std::string& other_netns, const std::string& other_link) {
  const auto end = [](const std::string& here, const std::string& name, const std::string& there,
                      const std::string& other) {
    const size_t hash = std::hash<std::string>()(here + name);
    state::Link made{.name = name, .peer = {there, other}};
    made.mac.octets = {2,
                       0,
                       static_cast<uint8_t>(hash),
                       static_cast<uint8_t>(hash >> 8U),
                       static_cast<uint8_t>(hash >> 16U),
                       static_cast<uint8_t>(hash >> 24U)};
    return made;
  };
  state[netns]->links[link] = end(netns, link, other_netns, other_link);
  state[other_netns]->links[other_link] = end(other_netns, other_link, netns, link);
}

}  // namespace egress::kernel_tests
