// SPDX-License-Identifier: MIT
#pragma once

// A kernel made of maps that refuses what Linux refuses and takes along what Linux takes along
// (links with their namespace or other end, addresses, neighbours and routes with their link,
// attachments with their process, routes and neighbours with a link that goes down or loses its
// last address). The contract suite in kernel_contract.hpp holds it to the truth. Faults can be
// injected.

#include <functional>
#include <optional>

#include "kernel/kernel.hpp"
#include "tests/support/fake_flow_feed.hpp"
#include "tests/support/fake_flow_table.hpp"
#include "tests/support/fake_program.hpp"
#include "tests/support/fake_speaker_feed.hpp"

namespace egress::testing_support {

class FakeKernel : public kernel::Kernel {
 public:
  Result<state::KernelState> observe() override;
  const state::ForeignNames& foreign() const override { return foreign_; }
  Status apply(const state::Op& op) override;
  Result<std::map<std::string, uint64_t>> counters(const state::NetnsName& netns) override;
  Result<std::shared_ptr<kernel::FlowTable>> flows(const state::NetnsName& netns) override;
  bool lost_a_process() const override { return lost_a_process_; }
  std::optional<std::string> why_not(const state::KernelState& desired) const override;
  kernel::FlowCacheUse flow_cache() const override { return {}; }
  Result<std::shared_ptr<kernel::Program>> program(const state::ProcessRef& process) override;
  Result<std::shared_ptr<kernel::FlowFeed>> feed(
      const std::set<state::NetnsName>& flows_of,
      const std::set<state::NetnsName>& drops_of) override;

  // For drift and for looking: what somebody else would do or see with `ip`.
  state::KernelState& state() { return state_; }
  // Somebody else's, under a name that begins like ours; one of ours by that name is then no more.
  void set_foreign(const state::NetnsName& name, const state::ForeignNetns& what);
  void remove_foreign(const state::NetnsName& name) { others_.erase(name); }
  void set_counters(const state::NetnsName& netns, std::map<std::string, uint64_t> counters) {
    counters_[netns] = std::move(counters);
  }
  // What flows() gives, whether there is such a namespace or not; empty at first. Not while the
  // kernel's user is at work with it.
  FakeFlowTable& flow_table(const state::NetnsName& netns);
  // What program() gives of a process that is there.
  FakeProgram& program_of(const state::ProcessRef& process);
  Result<std::shared_ptr<kernel::SpeakerFeed>> speakers(
      const std::set<kernel::SpeakerRef>& /*which*/) override {
    return std::shared_ptr<kernel::SpeakerFeed>(std::make_shared<FakeSpeakerFeed>(speakers_));
  }
  // What their speakers say from now on.
  void let_speak(kernel::SpeakerFeed::Speakers speakers) {
    const std::lock_guard<std::mutex> lock(speakers_->mutex);
    speakers_->speakers = std::move(speakers);
  }
  // The feed that was opened last, null when nobody holds it any more.
  std::shared_ptr<FakeFlowFeed> open_feed() const { return feed_.lock(); }
  // A machine without TUN devices.
  void take_tun_away() { has_tun_ = false; }
  // It is gone, and that is heard until the next observe().
  void end_process(const state::ProcessRef& process);

  // The `index`-th apply() from now on (0 is the next) fails once, without effect.
  void fail_apply(size_t index) { failing_index_ = applied_ + index; }
  // Every op that matches fails, without effect, until cleared with nullptr.
  void fail_matching(std::function<bool(const state::Op&)> predicate) {
    failing_ = std::move(predicate);
  }
  void fail_next_observe() { fail_observe_ = true; }

  // Calls of apply() so far, failed ones included.
  size_t applied() const { return applied_; }

 private:
  Status perform(const state::Op& op, const state::NetnsObject& object);
  Status perform(const state::Op& op, const state::NetnsRename& rename);
  Status perform(const state::Op& op, const state::Sysctl& sysctl);
  Status perform(const state::Op& op, const state::FirewallChange& change);
  Status perform(const state::Op& op, const state::LinkPair& pair);
  Status perform(const state::Op& op, const state::LinkSettings& settings);
  Status perform(const state::Op& op, const state::Address& address);
  Status perform(const state::Op& op, const state::Neighbour& neighbour);
  Status perform(const state::Op& op, const state::Route& route);
  Status perform(const state::Op& op, const state::Rule& rule);
  Status perform(const state::Op& op, const state::Process& process);
  Status perform(const state::Op& op, const state::Attachment& attachment);

  Status add_pair(const state::Op& op, const state::LinkPair& pair);
  Status add_tun(const state::Op& op, const state::Link& link);
  Status add_route(const state::Op& op, const state::Route& route);
  state::Link* find_link(const state::LinkPeer& end);
  void remove_link(const state::LinkPeer& end);
  void remove_one_end(const state::LinkPeer& end);

  void remove_netns(const state::NetnsName& netns);
  void drop_attachments_of(const state::ProcessRef& process);

  state::KernelState state_{};
  state::ForeignNames others_{};
  state::ForeignNames foreign_{};  // as the last observe() found them
  std::map<state::NetnsName, std::map<std::string, uint64_t>> counters_{};
  std::map<state::NetnsName, std::shared_ptr<FakeFlowTable>> flow_tables_{};
  size_t applied_ = 0;
  std::optional<size_t> failing_index_{};
  std::function<bool(const state::Op&)> failing_{};
  bool fail_observe_ = false;
  std::map<state::ProcessRef, std::shared_ptr<FakeProgram>> programs_{};
  std::weak_ptr<FakeFlowFeed> feed_{};
  std::shared_ptr<FakeSpeakers> speakers_ = std::make_shared<FakeSpeakers>();
  bool has_tun_ = true;
  bool lost_a_process_ = false;
};

}  // namespace egress::testing_support
