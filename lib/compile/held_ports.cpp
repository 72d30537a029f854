// SPDX-License-Identifier: MIT
#include "compile/held_ports.hpp"

#include <fmt/format.h>

#include "base/special_ranges.hpp"

namespace egress::compile {
namespace {

using state::NftField;

// A connection as the Internet sees it, in packets to there and from there.
constexpr const char* kSent = "ip saddr . tcp sport . ip daddr . tcp dport";
constexpr const char* kReceived = "ip daddr . tcp dport . ip saddr . tcp sport";

// Where the next router drops it. Dropped here it would leave no flow behind, and the kernel would
// go on to take the port for free and pass over such as are.
constexpr Ipv4Address kNowhere = kLoopback.address;

// An element ends when so much of the machine's time has passed, and means nothing any more once
// the lab's clock is ahead by its mark.
state::NftRule note(const char* flag, const char* connection, std::chrono::seconds hold,
                    std::chrono::seconds ahead) {
  return {fmt::format("tcp flags & {0} == {0} ct status assured update @held {{ {1} timeout {2}s : "
                      "{3:#010x} }}",
                      flag, connection, hold.count(), (ahead + hold).count()),
          fmt::format("{} s after {}", hold.count(), flag)};
}

}  // namespace

void hold_ports(state::NftTable& table, std::chrono::seconds ahead) {
  table.maps["held"] = {
      .key = {NftField::kSaddr, NftField::kSport, NftField::kDaddr, NftField::kDport},
      .data = state::NftData::kMark,
      .timeout_seconds = static_cast<uint32_t>(kHoldAfterClose.count())};
  // Behind the translation, which has chosen the port.
  table.chains["sent"] = {
      .hook = state::NftHook{"filter", "postrouting", 150},
      .rules = {{"oifname != \"inet0\" accept", "to the apps"},
                {fmt::format("ct state new meta mark set {} map @held", kSent), "until when"},
                {fmt::format("ct state new meta mark > {:#010x} counter ip daddr set {}",
                             ahead.count(), kNowhere.to_string()),
                 "a port that is held"},
                note("fin", kSent, kHoldAfterClose, ahead),
                note("rst", kSent, kHoldAfterReset, ahead)}};
  // In front of it, which is undone for answers.
  table.chains["received"] = {.hook = state::NftHook{"filter", "prerouting", -150},
                              .rules = {{"iifname != \"inet0\" accept", "from the apps"},
                                        note("fin", kReceived, kHoldAfterClose, ahead),
                                        note("rst", kReceived, kHoldAfterReset, ahead)}};
}

}  // namespace egress::compile
