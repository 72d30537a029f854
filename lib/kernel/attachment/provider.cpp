// SPDX-License-Identifier: MIT
#include "kernel/attachment/provider.hpp"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "kernel/attachment/control_socket.hpp"
#include "kernel/process/stray.hpp"

namespace egress::kernel {

Status AttachmentProvider::observe(state::KernelState& observed) {
  silent_.clear();
  attached_in_.clear();
  std::map<state::NetnsName, std::map<std::string, state::Attachment>> placed;
  for (ObservedProcess process : processes_.observed()) {
    finish_move(process.place, process.attached);
    for (const ListedAttachment& listed : process.attached) {
      attached_in_[listed.key.netns].insert(process.place);
      const NetnsHandle* const place = held_.find(listed.identity);
      const state::Attachment attachment{.name = listed.key.name,
                                         .process = process.place,
                                         .home = listed.home,
                                         .digest = listed.digest};
      if (place != nullptr && *place->name() == listed.key.netns &&
          placed[listed.key.netns].emplace(listed.key.name, attachment).second) {
        continue;
      }
      const state::NetnsName stray = stray_name(listed.key.netns);
      observed[stray];
      placed[stray].emplace(listed.key.name, attachment);
    }
  }
  for (auto& [netns, there] : observed) {
    const auto& attachments = placed[netns];
    if (std::as_const(there)->attachments != attachments) there->attachments = attachments;
  }
  return {};
}

bool AttachmentProvider::provides(const state::Object& object) const {
  return std::holds_alternative<state::Attachment>(object);
}

Status AttachmentProvider::apply(const state::Op& op) {
  const auto& attachment = std::get<state::Attachment>(op.object);
  const state::ProcessRef process{given_name(attachment.process.netns), attachment.process.name};
  if (silent_.count(process) != 0) {
    return Error{.code = Errc::kBusy, .message = "the program has not answered before"};
  }
  const bool removes = op.verb == state::Verb::kRemove;
  const auto folder = processes_.processes().open_folder(process.netns, process.name);
  if (!folder.ok())
    return removes && folder.error().code == Errc::kNotFound ? Status() : folder.error();
  Status done = removes ? ask(folder->get(), DetachRequest{{given_name(op.netns), attachment.name}})
                        : attach(op, attachment, folder->get());
  if (!done.ok() && done.error().code == Errc::kBusy) silent_.insert(process);
  if (!done.ok() && removes) return missing_or_error(op, std::move(done).error());
  return done;
}

bool AttachmentProvider::move(const state::ProcessRef& process, const state::NetnsName& from,
                              const state::NetnsName& to) {
  if (silent_.count(process) != 0) return false;
  const auto folder = processes_.processes().open_folder(given_name(process.netns), process.name);
  if (!folder.ok()) return false;
  const Status moved = ask(folder->get(), MoveRequest{from, to});
  if (!moved.ok() && moved.error().code == Errc::kBusy) silent_.insert(process);
  return moved.ok();
}

Status AttachmentProvider::follow(const state::NetnsName& from, const state::NetnsName& to) {
  std::map<state::NetnsName, std::set<state::ProcessRef>> attached_in;
  for (const auto& [netns, processes] : attached_in_) {
    for (state::ProcessRef process : processes) {
      if (process.netns == from) process.netns = to;
      const bool moved = netns == from && move(process, from, to);
      attached_in[moved ? to : netns].insert(std::move(process));
    }
  }
  attached_in_ = std::move(attached_in);
  return {};
}

// A rename that was cut short has left some by a name that no namespace has any more.
void AttachmentProvider::finish_move(const state::ProcessRef& process,
                                     std::vector<ListedAttachment>& attached) {
  std::map<state::NetnsName, state::NetnsName> names;
  for (const ListedAttachment& listed : attached) {
    const NetnsHandle* const place = held_.find(listed.identity);
    if (place != nullptr && held_.find(listed.key.netns) == nullptr) {
      names.emplace(listed.key.netns, *place->name());
    }
  }
  for (const auto& [from, to] : names) {
    if (!move(process, from, to)) continue;
    for (ListedAttachment& listed : attached) {
      if (listed.key.netns == from) listed.key.netns = to;
    }
  }
}

Status AttachmentProvider::attach(const state::Op& op, const state::Attachment& attachment,
                                  int folder) {
  if (!attachment.settings) {
    return Error{.code = Errc::kInvalid, .message = "the settings are not known"};
  }
  ASSIGN_OR_RETURN(const NetnsHandle* const place, held_.get(op.netns));
  attached_in_[op.netns].insert(attachment.process);
  ASSIGN_OR_RETURN(const UniqueFd settings, make_settings_file(*attachment.settings));
  std::vector<int> files = {place->fd(), settings.get()};
  UniqueFd home;
  if (attachment.home) {
    ASSIGN_OR_RETURN(home, own_netns());
    files.push_back(home.get());
  }
  return ask(folder, AttachRequest{{op.netns, attachment.name}, attachment.digest, attachment.home},
             files);
}

}  // namespace egress::kernel
