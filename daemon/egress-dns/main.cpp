// SPDX-License-Identifier: MIT
// egress-dns answers names in the namespaces of one lab: as Azure DNS, as the resolver of each app
// and as the DNS servers of hosts. What it is to be where, egressd attaches; it then stands on its
// own, so that names are answered without the daemon.

#include "attached/attached.hpp"
#include "attached/program.hpp"
#include "attached/standing.hpp"
#include "egress-dns/resolver.hpp"
#include "uv/loop.hpp"

namespace egress::resolver {
namespace {

Status run() {
  attached::raise_file_limit();
  uv::Loop loop;
  Resolver resolver(loop);
  ASSIGN_OR_RETURN(
      const auto attachments,
      attached::Attached::listen(
          loop, [&](attached::Place place) { return resolver.attach(std::move(place)); },
          [&](const std::string& netns, const std::string& name) { resolver.detach(netns, name); },
          [&](const std::string& from, const std::string& to, const std::string& name) {
            resolver.move(from, to, name);
          }));
  const uv::Signal terminate(loop, SIGTERM, [&] { loop.stop(); });
  RETURN_IF_ERROR(attached::stand_alone());
  loop.run();
  return {};
}

}  // namespace
}  // namespace egress::resolver

int main(int argc, char** argv) {
  return egress::attached::run_program(
      argc, argv, "egress-dns",
      "Answers names in the namespaces of an egressd lab, as the daemon attaches it.",
      egress::resolver::run);
}
