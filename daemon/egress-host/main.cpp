// SPDX-License-Identifier: MIT
// egress-host answers on ports: for an emulated host on those of the host. What it answers on, and
// in which namespace, are attachments that egressd gives it and changes in place; it stands on its
// own, so that a lab keeps answering without its daemon.

#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "attached/attached.hpp"
#include "attached/program.hpp"
#include "attached/standing.hpp"
#include "base/move_key.hpp"
#include "egress-host/responder.hpp"
#include "settings/responder_text.hpp"
#include "uv/loop.hpp"

namespace egress::host {
namespace {

class Program {
 public:
  Status run() {
    ASSIGN_OR_RETURN(
        attached_,
        attached::Attached::listen(
            loop_, [this](const attached::Place& place) { return attach(place); },
            [this](const std::string& netns, const std::string& name) {
              responders_.erase({netns, name});
            },
            [this](const std::string& from, const std::string& to, const std::string& name) {
              move_key(responders_, {from, name}, {to, name});
            }));
    terminate_.emplace(loop_, SIGTERM, [this] { end(); });
    RETURN_IF_ERROR(attached::stand_alone());
    loop_.run();
    return {};
  }

 private:
  Status attach(const attached::Place& place) {
    ASSIGN_OR_RETURN(const auto wanted, settings::parse_responder(place.settings));
    const kernel::AttachmentKey key{place.netns, place.name};
    if (const auto present = responders_.find(key); present != responders_.end()) {
      return present->second->change(wanted, place.netns_fd.get());
    }
    auto responder = std::make_unique<Responder>(loop_, room_);
    RETURN_IF_ERROR(responder->change(wanted, place.netns_fd.get()));
    responders_.emplace(key, std::move(responder));
    return {};
  }

  // With nothing left to wait for, the loop ends.
  void end() {
    attached_.reset();
    responders_.clear();
    terminate_.reset();
  }

  Room room_{attached::raise_file_limit()};
  uv::Loop loop_{};
  std::map<kernel::AttachmentKey, std::unique_ptr<Responder>> responders_{};
  std::unique_ptr<attached::Attached> attached_{};
  std::optional<uv::Signal> terminate_{};
};

}  // namespace
}  // namespace egress::host

int main(int argc, char** argv) {
  return egress::attached::run_program(
      argc, argv, "egress-host",
      "Answers on ports, as egressd tells it by a socket in its working directory.",
      [] { return egress::host::Program().run(); });
}
