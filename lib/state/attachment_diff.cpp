// SPDX-License-Identifier: MIT
#include "state/attachment_diff.hpp"

#include <fmt/format.h>

#include <set>

namespace egress::state {
namespace {

const Process* find_process(const KernelState& state, const ProcessRef& process) {
  const auto netns = state.find(process.netns);
  if (netns == state.end()) return nullptr;
  const auto found = netns->second->processes.find(process.name);
  return found == netns->second->processes.end() ? nullptr : &found->second;
}

const Attachment* find_attachment(const KernelState& state, const NetnsName& netns,
                                  const std::string& name) {
  const auto holder = state.find(netns);
  if (holder == state.end()) return nullptr;
  const auto found = holder->second->attachments.find(name);
  return found == holder->second->attachments.end() ? nullptr : &found->second;
}

NetnsNames netns_with_new_links(const ChangeSet& ops) {
  NetnsNames found;
  for (const Op& op : ops) {
    const auto* const pair = std::get_if<LinkPair>(&op.object);
    if (pair == nullptr || op.phase != Phase::kAddLinks) continue;
    found.insert(op.netns);
    if (pair->here.peer != LinkPeer{}) found.insert(pair->here.peer.netns);
  }
  return found;
}

class AttachmentDiff {
 public:
  AttachmentDiff(const KernelState& desired, const KernelState& observed, const NetnsNames& unequal,
                 const NetnsNames& relinked)
      : desired_(desired), observed_(observed), unequal_(unequal), relinked_(relinked) {
    for (const auto& [netns, there] : observed) {
      if (is_equal(netns)) continue;
      for (const auto& [name, process] : there->processes) {
        const Process* kept = find_process(desired, {netns, name});
        const bool stays =
            kept != nullptr && (*kept == process || becomes_by_rereading(process, *kept));
        if (!stays) ending_.insert({netns, name});
      }
    }
  }

  void take(ChangeSet& ops) const {
    for (const auto& [netns, there] : observed_) {
      if (is_equal(netns)) continue;
      for (const auto& [name, attachment] : there->attachments) detach(ops, netns, attachment);
    }
    for (const auto& [netns, wanted] : desired_) {
      if (is_equal(netns) && ending_.empty()) continue;
      // Those that stay first: they may leave to a new one what only one can have, such as a port.
      for (const bool staying : {true, false}) {
        for (const auto& [name, attachment] : wanted->attachments) {
          if (stays(netns, attachment) == staying) attach(ops, netns, attachment, staying);
        }
      }
    }
  }

 private:
  bool is_equal(const NetnsName& netns) const {
    return desired_.count(netns) != 0 && unequal_.count(netns) == 0;
  }
  bool ends(const Attachment& attachment) const { return ending_.count(attachment.process) != 0; }

  void detach(ChangeSet& ops, const NetnsName& netns, const Attachment& attachment) const {
    if (ends(attachment)) return;
    const Attachment* kept = find_attachment(desired_, netns, attachment.name);
    if (kept != nullptr && kept->process == attachment.process) return;
    ops.push_back({Phase::kDetach, Verb::kRemove, netns, attachment});
  }

  bool stays(const NetnsName& netns, const Attachment& attachment) const {
    const Attachment* was = find_attachment(observed_, netns, attachment.name);
    return was != nullptr && was->process == attachment.process && !ends(*was);
  }

  void attach(ChangeSet& ops, const NetnsName& netns, const Attachment& attachment,
              bool staying) const {
    const bool is_told = staying && !relinked_.contains(netns) &&
                         *find_attachment(observed_, netns, attachment.name) == attachment;
    if (is_told) return;
    ops.push_back({Phase::kAttach, staying ? Verb::kChange : Verb::kAdd, netns, attachment});
  }

  const KernelState& desired_;
  const KernelState& observed_;
  const NetnsNames& unequal_;
  const NetnsNames& relinked_;
  std::set<ProcessRef> ending_{};  // observed ones that do not stay as they are
};

}  // namespace

Status check_attachments(const KernelState& desired) {
  for (const auto& [netns, there] : desired) {
    for (const auto& [name, attachment] : there->attachments) {
      if (find_process(desired, attachment.process) != nullptr) continue;
      return Error{
          .code = Errc::kInvalid,
          .message = fmt::format("attachment {} in {} is of process {} in {}, which is "
                                 "not there",
                                 name, netns, attachment.process.name, attachment.process.netns)};
    }
  }
  return {};
}

void diff_attachments(ChangeSet& ops, const KernelState& desired, const KernelState& observed,
                      const NetnsNames& unequal) {
  const NetnsNames relinked = netns_with_new_links(ops);
  AttachmentDiff(desired, observed, unequal, relinked).take(ops);
}

}  // namespace egress::state
