// SPDX-License-Identifier: MIT
#include "inspect/senders.hpp"

#include <fmt/format.h>

namespace egress::inspect {

namespace {

Error no_site(const std::string& name) {
  return {.code = Errc::kNotFound, .message = fmt::format("no site '{}'", name)};
}

}  // namespace

Result<policy::Network::App> app_of(const policy::Network& network, const lab::Sender& sender) {
  const auto site = network.sites.find(sender.site);
  if (site == network.sites.end()) return no_site(sender.site);
  const auto app = network.find(sender);
  if (app) return *app;
  return Error{.code = Errc::kNotFound,
               .message = fmt::format("site '{}' has instances 0 to {}, not {}", site->first,
                                      site->second.workers.size() - 1, sender.instance)};
}

Result<const policy::Network::Subnet*> subnet_of(const policy::Network& network,
                                                 const std::string& site) {
  const auto found = network.sites.find(site);
  if (found == network.sites.end()) return no_site(site);
  if (found->second.routing.integrated) return &network.subnets[found->second.subnet];
  return Error{.code = Errc::kConflict,
               .message = fmt::format("site '{}' has no virtual network integration", site)};
}

}  // namespace egress::inspect
