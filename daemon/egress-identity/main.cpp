// SPDX-License-Identifier: MIT
// egress-identity gives tokens of managed identities to the apps of one lab, as App Service's token
// endpoint does. In which namespaces it listens, and from which it calls the authority, are
// attachments that egressd gives it; it stands on its own, so that apps get tokens without the
// daemon.

#include "attached/attached.hpp"
#include "attached/program.hpp"
#include "attached/standing.hpp"
#include "base/move_key.hpp"
#include "egress-identity/endpoint.hpp"
#include "uv/loop.hpp"

namespace egress::identity {
namespace {

class Program {
 public:
  Status run() {
    attached::raise_file_limit();
    ASSIGN_OR_RETURN(const auto attachments,
                     attached::Attached::listen(
                         loop_, [this](attached::Place place) { return attach(std::move(place)); },
                         [this](const std::string& netns, const std::string&) { detach(netns); },
                         [this](const std::string& from, const std::string& to,
                                const std::string&) { move(from, to); }));
    const uv::Signal terminate(loop_, SIGTERM, [this] { loop_.stop(); });
    RETURN_IF_ERROR(attached::stand_alone());
    loop_.run();
    endpoints_.clear();
    surroundings_.lanes.clear();
    return {};
  }

 private:
  Status attach(attached::Place place) {
    ASSIGN_OR_RETURN(settings::IdentityRole role, settings::parse_identity_role(place.settings));
    if (auto* const wanted = std::get_if<settings::IdentityEndpoint>(&role)) {
      return attach_endpoint(place, std::move(*wanted));
    }
    endpoints_.erase(place.netns);
    auto& lane = surroundings_.lanes[place.netns];
    if (!lane) {
      lane = std::make_unique<Lane>(loop_, surroundings_.clock, surroundings_.room,
                                    std::move(place.netns_fd));
    }
    return {};
  }

  Status attach_endpoint(const attached::Place& place, settings::IdentityEndpoint wanted) {
    const auto present = endpoints_.find(place.netns);
    if (present != endpoints_.end() && present->second->listens_at(wanted)) {
      present->second->change(std::move(wanted));
      return {};
    }
    ASSIGN_OR_RETURN(auto endpoint,
                     Endpoint::open(surroundings_, std::move(wanted), place.netns_fd.get()));
    surroundings_.lanes.erase(place.netns);
    endpoints_[place.netns] = std::move(endpoint);
    return {};
  }

  void detach(const std::string& netns) {
    endpoints_.erase(netns);
    surroundings_.lanes.erase(netns);
  }

  void move(const std::string& from, const std::string& to) {
    move_key(endpoints_, from, to);
    move_key(surroundings_.lanes, from, to);
    for (const auto& [netns, endpoint] : endpoints_) endpoint->follow_lane(from, to);
  }

  uv::Loop loop_{};
  Surroundings surroundings_{.loop = loop_};
  std::map<std::string, std::unique_ptr<Endpoint>> endpoints_{};  // by namespace
};

}  // namespace
}  // namespace egress::identity

int main(int argc, char** argv) {
  return egress::attached::run_program(argc, argv, "egress-identity",
                                       "Gives tokens of managed identities to the apps of an "
                                       "egressd lab, as the daemon attaches it.",
                                       [] { return egress::identity::Program().run(); });
}
