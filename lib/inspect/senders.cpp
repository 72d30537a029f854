// SPDX-License-Identifier: MIT
#include "inspect/senders.hpp"

#include <fmt/format.h>

namespace egress::inspect {

Result<const policy::Network::Subnet*> subnet_of(const policy::Network& network,
                                                 const std::string& site) {
  const auto found = network.sites.find(site);
  if (found == network.sites.end()) {
    return Error{.code = Errc::kNotFound, .message = fmt::format("no site '{}'", site)};
  }
  if (found->second.subnet != policy::kNowhere) return &network.subnets[found->second.subnet];
  return Error{.code = Errc::kConflict,
               .message = fmt::format("site '{}' has no virtual network integration", site)};
}

Status check_in_use(const policy::Network::App& app) {
  if (app.site->sends(app.name.traffic)) return {};
  return Error{.code = Errc::kConflict,
               .message = fmt::format("nobody has asked for the class {} of site '{}' yet, as POST "
                                      "/v1/sites/{}/traffic does",
                                      name_of(app.name.traffic), app.name.site, app.name.site)};
}

}  // namespace egress::inspect
