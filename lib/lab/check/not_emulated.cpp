// SPDX-License-Identifier: MIT

// What is read, checked and written, and changes nothing yet. Whoever emulates one of these takes
// its line away.

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "lab/check/checks.hpp"

namespace egress::lab {
namespace {

using Paths = std::vector<std::string>;

struct Line {
  const char* what = "";
  std::function<Paths(const Lab&)> places{};  // that it is about
};

// Entries of `map`, which stands in the lab file under `name`.
template <typename T>
Line of_each(const char* what, Named<T> Lab::*map, const char* name, const char* key,
             bool (*says)(const T&)) {
  return {what, [=](const Lab& lab) {
            Paths paths;
            for (const auto& [each, resource] : lab.*map) {
              if (says(resource)) paths.push_back(fmt::format("{}.{}.{}", name, each, key));
            }
            return paths;
          }};
}

bool lacks_web(const Subscription& subscription) {
  const auto& providers = subscription.registered_providers;
  return std::none_of(providers.begin(), providers.end(), [](const std::string& provider) {
    return equal_ignoring_case(provider, "Microsoft.Web");
  });
}

std::vector<Line> lines_of_networks() {
  return {of_each<Subscription>("what is registered is not asked for yet", &Lab::subscriptions,
                                "subscriptions", "registeredProviders", lacks_web)};
}

std::vector<Line> lines_of_the_platform() {
  return {of_each<Site>("backups are not emulated yet: none is made", &Lab::sites, "sites",
                        "backup", [](const Site& site) { return site.backup.has_value(); }),
          of_each<Service>("secrets are not emulated yet: references to them stay as they are",
                           &Lab::services, "services", "secrets",
                           [](const Service& service) { return !service.secrets.empty(); })};
}

}  // namespace

void check_not_emulated(const Lab& lab, Checks& checks) {
  for (const auto& lines : {lines_of_networks(), lines_of_the_platform()}) {
    for (const Line& line : lines) {
      for (const std::string& path : line.places(lab)) {
        checks.warning(path, "not-emulated", line.what);
      }
    }
  }
  for (size_t i = 0; i < lab.expectations.size(); ++i) {
    if (!lab.expectations[i].startup) continue;
    checks.warning(fmt::format("expectations[{}].startup", i), "not-emulated",
                   "starts are predicted, and not performed yet");
  }
}

}  // namespace egress::lab
