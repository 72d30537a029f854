// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "egressctl/render/render.hpp"
#include "egressctl/render/table.hpp"

namespace egress::ctl {

std::string holder_text(const Json& lease) {
  const std::string site = text_of(lease, "site");
  return fmt::format("{}/{}{}{}", text_of(lease, "serverFarm"), text_of(lease, "instance"),
                     site.empty() ? "" : " ", site);
}

std::string render_leases(const Json& leases, const Screen& screen) {
  Table table({"Address", "Holder", "State", "Since", "Release at"});
  size_t held = 0;
  for (const Json& lease : list_of(leases, "leases")) {
    const std::string state = text_of(lease, "state");
    const bool is_held = state == "held";
    if (is_held) ++held;
    const std::string release_at = text_of(lease, "releaseAt");
    const std::string standing = text_of(lease, "standing");
    const bool beside = is_held && !standing.empty() && standing != "serving";
    table.add({text_of(lease, "address"), holder_text(lease),
               Cell(beside ? fmt::format("{}, {}", state, standing) : state,
                    is_held && !beside ? Paint::kPlain : Paint::kYellow),
               text_of(lease, "since"), release_at.empty() ? "-" : release_at});
  }
  const std::string usable = text_of(leases, "usable");
  return fmt::format("{}\n{}{} held, {} waiting for release\n", table.to_string(screen),
                     usable.empty() ? "" : usable + " usable, ", held,
                     list_of(leases, "leases").size() - held);
}

}  // namespace egress::ctl
