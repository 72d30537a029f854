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

}  // namespace egress::inspect
