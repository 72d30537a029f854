// SPDX-License-Identifier: MIT

// What is read, checked and written, and changes nothing yet. Whoever emulates one of these takes
// its line away.

#include <fmt/format.h>

#include <functional>

#include "lab/check/checks.hpp"

namespace egress::lab {
namespace {

using Paths = std::vector<std::string>;

struct Line {
  const char* what = "";
  std::function<Paths(const Lab&)> places{};  // that it is about
};

// Properties of the entries of `map`, which stands in the lab file under `name`; null says nothing.
template <typename T>
Line of_each(const char* what, Named<T> Lab::*map, const char* name,
             const char* (*property)(const T&)) {
  return {what, [=](const Lab& lab) {
            Paths paths;
            for (const auto& [each, resource] : lab.*map) {
              const char* key = property(resource);
              if (key != nullptr) paths.push_back(fmt::format("{}.{}.{}", name, each, key));
            }
            return paths;
          }};
}

const char* perimeter_property(const Site& site) {
  return site.public_network_access == PublicNetworkAccess::kSecuredByPerimeter
             ? "publicNetworkAccess"
             : nullptr;
}

std::vector<Line> lines() {
  return {
      of_each<Site>("the rules of a network security perimeter are not emulated: the front end "
                    "of the app takes no request",
                    &Lab::sites, "sites", perimeter_property)};
}

}  // namespace

void check_not_emulated(const Lab& lab, Checks& checks) {
  for (const Line& line : lines()) {
    for (const std::string& path : line.places(lab)) {
      checks.warning(path, "not-emulated", line.what);
    }
  }
}

}  // namespace egress::lab
