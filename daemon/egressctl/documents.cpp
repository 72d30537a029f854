// SPDX-License-Identifier: MIT
#include "egressctl/documents.hpp"

#include <fmt/format.h>

namespace egress::ctl {
namespace {

std::string with_instance(const Json& app) {
  return fmt::format("{}/{}", text_of(app, "site"), text_of(app, "instance"));
}

struct Listing {
  const char* list;
  const char* name;  // of each of its rows; null: the app's
};
constexpr Listing kListings[] = {
    {"apps", nullptr}, {"leases", "address"}, {"routes", "name"},      {"rules", "name"},
    {"nodes", "name"}, {"wires", "wire"},     {"dependencies", "url"}, {"resources", "name"},
};

}  // namespace

std::string names_in(const Json& document) {
  std::string lines;
  for (const Listing& each : kListings) {
    const Json& rows = list_of(document, each.list);
    for (const Json& row : rows) {
      const std::string name = each.name == nullptr ? with_instance(row) : text_of(row, each.name);
      if (!name.empty()) lines += name + "\n";
    }
    if (!member(document, each.list).is_null()) return lines;
  }
  return lines;
}

}  // namespace egress::ctl
