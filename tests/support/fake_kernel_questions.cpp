// SPDX-License-Identifier: MIT
// What a kernel is asked beside states and ops.
#include <cerrno>

#include "tests/support/fake_kernel.hpp"

namespace egress::testing_support {

Result<std::map<std::string, uint64_t>> FakeKernel::counters(const state::NetnsName& netns) {
  if (state_.count(netns) == 0) return Error::from_errno("counters of " + netns, ENOENT);
  return counters_[netns];
}

Result<std::shared_ptr<kernel::FlowTable>> FakeKernel::flows(const state::NetnsName& netns) {
  if (state_.count(netns) == 0) return Error::from_errno("flows of " + netns, ENOENT);
  flow_table(netns);
  return std::shared_ptr<kernel::FlowTable>(flow_tables_[netns]);
}

FakeFlowTable& FakeKernel::flow_table(const state::NetnsName& netns) {
  std::shared_ptr<FakeFlowTable>& table = flow_tables_[netns];
  if (table == nullptr) table = std::make_shared<FakeFlowTable>();
  return *table;
}

FakeProgram& FakeKernel::program_of(const state::ProcessRef& process) {
  std::shared_ptr<FakeProgram>& program = programs_[process];
  if (program == nullptr) program = std::make_shared<FakeProgram>();
  return *program;
}

Result<std::shared_ptr<kernel::Program>> FakeKernel::program(const state::ProcessRef& process) {
  const auto netns = state_.find(process.netns);
  if (netns == state_.end() || netns->second->processes.count(process.name) == 0) {
    return Error::from_errno("process " + process.name + " in " + process.netns, ENOENT);
  }
  program_of(process);
  return std::shared_ptr<kernel::Program>(programs_.at(process));
}

Result<std::shared_ptr<kernel::FlowFeed>> FakeKernel::feed(
    const std::set<state::NetnsName>& flows_of, const std::set<state::NetnsName>& drops_of) {
  bool whole = true;
  const auto there = [&](const std::set<state::NetnsName>& all) {
    std::set<state::NetnsName> found;
    for (const state::NetnsName& netns : all) {
      if (state_.count(netns) != 0) found.insert(netns);
    }
    whole = whole && found.size() == all.size();
    return found;
  };
  const std::set<state::NetnsName> flows_there = there(flows_of);
  const std::set<state::NetnsName> drops_there = there(drops_of);
  const auto feed = std::make_shared<FakeFlowFeed>(flows_there, drops_there, whole);
  feed_ = feed;
  return std::shared_ptr<kernel::FlowFeed>(feed);
}

std::optional<std::string> FakeKernel::why_not(const state::KernelState& desired) const {
  if (has_tun_ || !state::has_tun(desired)) return std::nullopt;
  return "no TUN devices here";
}

}  // namespace egress::testing_support
