// SPDX-License-Identifier: MIT
#include "egress-dns/resolver.hpp"

#include <utility>

#include "base/move_key.hpp"
#include "settings/names_text.hpp"

namespace egress::resolver {

Status Resolver::attach(attached::Place place) {
  if (place.name == settings::kNamesAttachment) return attach_names(std::move(place));
  if (place.name == settings::kDnsAttachment) return attach_service(std::move(place));
  return Error{.code = Errc::kInvalid,
               .message = "the resolver takes no attachment '" + place.name + "'"};
}

void Resolver::detach(const std::string& netns, const std::string& name) {
  if (name == settings::kNamesAttachment) {
    surroundings_->names.reset();
  } else {
    services_.erase(netns);
  }
}

void Resolver::move(const std::string& from, const std::string& to, const std::string& name) {
  if (name == settings::kDnsAttachment) move_key(services_, from, to);
}

Status Resolver::attach_names(attached::Place place) {
  ASSIGN_OR_RETURN(policy::Names names, settings::parse_names(place.settings));
  PublishedNames published{.names = std::move(names)};
  for (uint32_t view = 0; view < published.names.views.size(); ++view) {
    published.view_of.emplace(published.names.views[view].vnet, view);
  }
  if (place.home_fd.valid()) {
    published.home = std::make_shared<const UniqueFd>(std::move(place.home_fd));
  }
  surroundings_->names = std::make_shared<const PublishedNames>(std::move(published));
  return {};
}

Status Resolver::attach_service(attached::Place place) {
  ASSIGN_OR_RETURN(settings::DnsRole role, settings::parse_dns_role(place.settings));
  const auto present = services_.find(place.netns);
  if (present != services_.end() && present->second->address() == address_of(role)) {
    present->second->change(std::move(role));
    return {};
  }
  ASSIGN_OR_RETURN(
      services_[place.netns],
      Service::open(*surroundings_, std::make_shared<const UniqueFd>(std::move(place.netns_fd)),
                    std::move(role)));
  return {};
}

}  // namespace egress::resolver
