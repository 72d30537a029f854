// SPDX-License-Identifier: MIT
// egress-wire carries packets between the workers and the virtual networks of one lab, where TUN
// devices join them. Which wires there are, what it does to packets on their way and the lab by
// which it judges flows are attachments that egressd gives it; it holds the devices' queues and
// stands on its own, so that packets go on without the daemon.

#include "attached/attached.hpp"
#include "attached/program.hpp"
#include "attached/standing.hpp"
#include "egress-wire/priority.hpp"
#include "egress-wire/wires.hpp"
#include "uv/loop.hpp"

namespace egress::wires {
namespace {

Status run() {
  attached::raise_file_limit();
  uv::Loop loop;
  ASSIGN_OR_RETURN(const auto wires, Wires::start(loop));
  ASSIGN_OR_RETURN(
      const auto attachments,
      attached::Attached::listen(
          loop, [&](attached::Place place) { return wires->attach(std::move(place)); },
          [&](const std::string& netns, const std::string& name) { wires->detach(netns, name); },
          [&](const std::string& from, const std::string& to, const std::string& name) {
            wires->move(from, to, name);
          },
          [&](const std::string& question) { return wires->answer(question); }));
  const uv::Signal terminate(loop, SIGTERM, [&] { loop.stop(); });
  RETURN_IF_ERROR(attached::stand_alone());
  prefer_process();
  loop.run();
  return {};
}

}  // namespace
}  // namespace egress::wires

int main(int argc, char** argv) {
  return egress::attached::run_program(
      argc, argv, "egress-wire",
      "Carries packets between the workers and the virtual networks of an egressd lab, as the "
      "daemon attaches it.",
      egress::wires::run);
}
