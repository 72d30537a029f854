// SPDX-License-Identifier: MIT
#include "kernel/linux_kernel.hpp"

#include <fmt/format.h>
#include <sys/epoll.h>

#include <utility>

#include "base/folder.hpp"
#include "kernel/attachment/program.hpp"
#include "kernel/conntrack/table.hpp"
#include "kernel/flow_cache/uncached_flow_table.hpp"
#include "kernel/flow_feed.hpp"
#include "kernel/high_fd.hpp"
#include "kernel/speaker_feed.hpp"
#include "kernel/tun/device.hpp"

namespace egress::kernel {
namespace {

state::NetnsMark mark_of(const LinuxKernel::Options& options) {
  return state::make_mark(options.prefix, options.state_dir);
}

// Whether what becomes of a packet may depend on it.
bool is_of_packets(const state::Op& op) {
  return !std::holds_alternative<state::Process>(op.object) &&
         !std::holds_alternative<state::Attachment>(op.object);
}

}  // namespace

Result<std::unique_ptr<LinuxKernel>> LinuxKernel::open(Options options) {
  if (options.prefix.empty() || options.prefix.find('/') != std::string::npos) {
    return Error{.code = Errc::kInvalid, .message = "no prefix: '" + options.prefix + "'"};
  }
  RETURN_IF_ERROR(raise_fd_limit());
  UniqueFd low(epoll_create1(EPOLL_CLOEXEC));
  if (!low.valid()) return Error::from_errno("open an epoll descriptor");
  ASSIGN_OR_RETURN(UniqueFd feed, move_high(std::move(low)));
  RETURN_IF_ERROR(make_folder(options.run_dir, 0755));
  RETURN_IF_ERROR(check_own_folder(options.run_dir));
  ASSIGN_OR_RETURN(NetnsOwner owner, NetnsOwner::make(mark_of(options)));
  Processes processes(options.run_dir + "/" + options.prefix, std::move(options.programs));
  RETURN_IF_ERROR(processes.list());  // their files stand in a directory of ours
  ASSIGN_OR_RETURN(MountTable mounts, MountTable::open());
  const auto flow_cache = std::make_shared<FlowCachePrograms>(options.flow_cache);
  HeldNetns held(std::move(owner), NetnsDirectory(mark_of(options), options.run_dir),
                 std::move(mounts), std::move(feed), flow_cache, std::move(options.clock));
  RETURN_IF_ERROR(held.directory().remove_leftovers());
  return std::unique_ptr<LinuxKernel>(
      new LinuxKernel(std::move(held), std::move(processes), flow_cache));
}

LinuxKernel::LinuxKernel(HeldNetns held, Processes processes,
                         std::shared_ptr<FlowCachePrograms> flow_cache)
    : flow_cache_(std::move(flow_cache)),
      held_(std::move(held)),
      netlink_(held_),
      nft_(held_),
      processes_(held_, std::move(processes)),
      attachments_(held_, processes_) {}

Result<state::KernelState> LinuxKernel::observe() {
  const state::KernelState before = observed_;
  for (Provider* const provider : providers_) provider->let_go();
  for (Provider* const provider : providers_) RETURN_IF_ERROR(provider->observe(observed_));
  if (observed_ != before) const FlowCacheChange by_others(flow_cache_);
  state::share_equal(observed_, *expected_);
  return observed_;
}

Status LinuxKernel::apply(const state::Op& op) {
  if (op.verb == state::Verb::kRemove && std::holds_alternative<state::NetnsObject>(op.object)) {
    for (Provider* const provider : providers_) provider->let_go();
  }
  for (Provider* const provider : providers_) {
    if (!provider->provides(op.object)) continue;
    const FlowCacheChange change(is_of_packets(op) ? flow_cache_ : nullptr);
    Status status = provider->apply(op);
    if (status.ok()) status = let_follow(op);
    if (status.ok()) return status;
    return std::move(status).error().in(to_text(op));
  }
  return Error{.code = Errc::kInvalid, .message = "nobody provides " + to_text(op)};
}

Status LinuxKernel::let_follow(const state::Op& op) {
  const auto* const rename = std::get_if<state::NetnsRename>(&op.object);
  if (rename == nullptr) return {};
  for (Provider* const provider : providers_) {
    RETURN_IF_ERROR(provider->follow(op.netns, rename->to));
  }
  return {};
}

Result<std::shared_ptr<FlowTable>> LinuxKernel::flows(const state::NetnsName& netns) {
  ASSIGN_OR_RETURN(NetnsHandle* const held, held_.get(netns));
  auto table = Conntrack::open(held->fd());
  if (!table.ok()) return std::move(table).error().in("flows of " + netns);
  return std::shared_ptr<FlowTable>(
      std::make_shared<UncachedFlowTable>(*std::move(table), flow_cache_));
}

FlowCacheUse LinuxKernel::flow_cache() const {
  FlowCacheUse use{.why_not = flow_cache_->why_not()};
  if (const auto packets = flow_cache_->fast_packets(); packets.ok()) use.packets = *packets;
  return use;
}

std::optional<std::string> LinuxKernel::why_not(const state::KernelState& desired) const {
  if (!state::has_tun(desired)) return std::nullopt;
  const auto why = why_no_tun();
  if (!why) return std::nullopt;
  return fmt::format("this machine makes no TUN devices ({}; modprobe tun)", *why);
}

Result<std::shared_ptr<Program>> LinuxKernel::program(const state::ProcessRef& process) {
  ASSIGN_OR_RETURN(UniqueFd low, processes_.processes().open_folder(process.netns, process.name));
  ASSIGN_OR_RETURN(UniqueFd folder, move_high(std::move(low)));
  return std::shared_ptr<Program>(std::make_shared<RunningProgram>(std::move(folder)));
}

Result<std::shared_ptr<SpeakerFeed>> LinuxKernel::speakers(const std::set<SpeakerRef>& which) {
  ASSIGN_OR_RETURN(const auto feed, NetnsSpeakerFeed::open(processes_.processes()));
  for (const SpeakerRef& speaker : which) {
    const auto held = held_.get(speaker.process.netns);
    if (!held.ok() && held.error().code == Errc::kNotFound) continue;
    if (!held.ok()) return held.error();
    RETURN_IF_ERROR(feed->add(speaker, (*held)->fd()));
  }
  return std::shared_ptr<SpeakerFeed>(feed);
}

Result<std::shared_ptr<FlowFeed>> LinuxKernel::feed(const std::set<state::NetnsName>& flows_of,
                                                    const std::set<state::NetnsName>& drops_of) {
  ASSIGN_OR_RETURN(const std::shared_ptr<NetnsFlowFeed> feed, NetnsFlowFeed::open());
  const auto add_each = [&](const std::set<state::NetnsName>& all, auto add) -> Status {
    for (const state::NetnsName& netns : all) {
      const auto held = held_.get(netns);
      if (!held.ok() && held.error().code == Errc::kNotFound) {
        feed->note_missing();
        continue;
      }
      if (!held.ok()) return held.error();
      Status added = add(netns, (*held)->fd());
      if (!added.ok()) return std::move(added).error().in("feed of " + netns);
    }
    return {};
  };
  RETURN_IF_ERROR(add_each(flows_of, [&](const state::NetnsName& netns, int fd) {
    return feed->add_flows_of(netns, fd);
  }));
  RETURN_IF_ERROR(add_each(drops_of, [&](const state::NetnsName& netns, int fd) {
    return feed->add_drops_of(netns, fd);
  }));
  return std::shared_ptr<FlowFeed>(feed);
}

}  // namespace egress::kernel
