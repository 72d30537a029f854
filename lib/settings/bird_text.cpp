// SPDX-License-Identifier: MIT
#include "settings/bird_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <string_view>

#include "base/number.hpp"
#include "base/special_ranges.hpp"
#include "lab/gateways.hpp"

namespace egress::settings {
namespace {

constexpr std::string_view kSession = "session";
constexpr std::string_view kEndOfAnswer = "0000";
constexpr size_t kCodeLength = 5;  // "1002-", in lines that have one

// Times are Azure's (azure-facts 5.3), but for those after a failure: a neighbour that comes back
// is to be heard at once. A route has no next hop here, so that it stays whatever BIRD finds the
// neighbour behind, and what equals a prefix that is told is not taken (azure-facts 5.3). How many
// systems it has been in stands in its hop limit, at most 255: under another metric a route that
// gets a longer path would stand beside itself.
constexpr const char* kSessionText = R"(
ipv4 table learned{table};
protocol static told{table} {{
  ipv4 {{ table learned{table}; }};
{told}}}
protocol kernel kernel{table} {{
  kernel table {table};
  ipv4 {{ table learned{table}; import none; export where source = RTS_BGP; }};
}}
protocol bgp {session}{table} {{
  local {address} as {asn};
  neighbor {neighbour} as {neighbour_asn};
  multihop;
  strict bind on;
  graceful restart off;
  hold time 180;
  keepalive time 60;
  connect delay time 1;
  connect retry time 5;
  error wait time 1, 1;
  error forget time 1;
  ipv4 {{
    table learned{table};
    import limit {most} action restart;
    import filter {{
      if net ~ [{kept}] then reject;
      dest = RTD_BLACKHOLE;
      krt_hoplimit = bgp_path.len;
      accept;
    }};
    export where source = RTS_STATIC;
    next hop self;
  }};
}}
)";

// What no network on-premises holds.
std::string kept_ranges() {
  std::string text;
  for (const Ipv4Prefix& range : kNeverOnPremises) {
    text += fmt::format("{}{}+", text.empty() ? "" : ", ", range.to_string());
  }
  return text;
}

std::string to_text(const Bird& bird, const BirdSession& session) {
  std::string told;
  for (const Ipv4Prefix& prefix : bird.told) {
    told += fmt::format("  route {} blackhole;\n", prefix.to_string());
  }
  return fmt::format(kSessionText, fmt::arg("table", session.table), fmt::arg("told", told),
                     fmt::arg("session", kSession), fmt::arg("address", bird.address.to_string()),
                     fmt::arg("asn", bird.asn),
                     fmt::arg("neighbour", session.neighbour.to_string()),
                     fmt::arg("neighbour_asn", session.asn),
                     fmt::arg("most", lab::kMostLearnedPrefixes), fmt::arg("kept", kept_ranges()));
}

}  // namespace

std::string to_text(const Bird& bird) {
  std::string text = fmt::format(
      "log \"bird.log\" 65536 \"bird.log.old\" {{ info, warning, error, auth, fatal, bug }};\n"
      "router id {};\n"
      "protocol device {{ scan time 3600; }}\n",
      bird.address.to_string());
  for (const BirdSession& session : bird.sessions) text += to_text(bird, session);
  return text;
}

// Lines of one code bear it in the first of them, and the others a space in its place.
Result<std::set<uint32_t>> parse_sessions_up(const std::string& answer) {
  std::set<uint32_t> up;
  std::istringstream lines(answer);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(kEndOfAnswer)) return up;
    std::istringstream words(
        line.substr(line.starts_with(' ') ? 1 : std::min(kCodeLength, line.size())));
    std::string name;
    std::string protocol;
    std::string table;
    std::string state;
    words >> name >> protocol >> table >> state;
    if (protocol != "BGP" || state != "up" || !name.starts_with(kSession)) continue;
    const auto number = parse_number<uint32_t>(std::string_view(name).substr(kSession.size()));
    if (number) up.insert(*number);
  }
  return Error{.code = Errc::kInvalid, .message = "BIRD answers something else: " + answer};
}

}  // namespace egress::settings
