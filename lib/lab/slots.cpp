// SPDX-License-Identifier: MIT
#include "lab/slots.hpp"

#include <algorithm>
#include <string_view>

namespace egress::lab {

std::string site_of_slot(const std::string& app, const std::string& slot) {
  return app + "-" + slot;
}

std::string slot_name(const std::string& site, const Site& declared) {
  return site.substr(declared.slot_of.size() + 1);
}

std::string path_of_site(const Lab& lab, const std::string& site) {
  const auto found = lab.sites.find(site);
  if (found == lab.sites.end() || found->second.slot_of.empty()) return "sites." + site;
  return "sites." + found->second.slot_of + ".slots." + slot_name(found->first, found->second);
}

std::string document_path(const Lab& lab, const std::string& path) {
  constexpr std::string_view kSites = "sites.";
  if (!path.starts_with(kSites)) return path;
  const size_t end = std::min(path.find_first_of(".[", kSites.size()), path.size());
  return path_of_site(lab, path.substr(kSites.size(), end - kSites.size())) + path.substr(end);
}

}  // namespace egress::lab
