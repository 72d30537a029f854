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

}  // namespace

void check_not_emulated(const Lab& lab, Checks& checks) {
  for (const Line& line : lines_of_networks()) {
    for (const std::string& path : line.places(lab)) {
      checks.warning(path, "not-emulated", line.what);
    }
  }
}

}  // namespace egress::lab
