// SPDX-License-Identifier: MIT
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

#include "kernel/rtnl/codec.hpp"

namespace egress::kernel {
namespace {

constexpr uint8_t kHostLength = 32;

// The kernel's own three are made again as the kernel makes them, so that a namespace from which
// one was taken and given back is as fresh.
uint8_t protocol_of(const state::Rule& rule) {
  const auto own = state::kernel_rules();
  return own.count(rule) != 0 ? RTPROT_KERNEL : RTPROT_STATIC;
}

fib_rule_hdr rule_header(uint8_t action) {
  fib_rule_hdr header{};
  header.family = AF_INET;
  header.action = action;
  return header;
}

NlMessage rule_request(int type, int flags, const state::Rule& rule) {
  NlMessage message(type, flags);
  fib_rule_hdr header = rule_header(FR_ACT_TO_TBL);
  header.src_len = rule.source ? kHostLength : 0;
  message.append(header);
  if (rule.source) message.put_address(FRA_SRC, *rule.source);
  message.put_u32(FRA_PRIORITY, rule.priority);
  message.put_u32(FRA_TABLE, rule.table);
  if (rule.fwmask != 0) {
    message.put_u32(FRA_FWMARK, rule.fwmark);
    message.put_u32(FRA_FWMASK, rule.fwmask);
  }
  if (!rule.iif.empty()) message.put(FRA_IIFNAME, rule.iif);
  return message;
}

}  // namespace

NlMessage list_rules() {
  NlMessage message(RTM_GETRULE, 0, rule_header(0));
  return message;
}

std::optional<Decoded<state::Rule>> decode_rule(const nlmsghdr& message) {
  if (message.nlmsg_type != RTM_NEWRULE) return std::nullopt;
  const auto& header = *static_cast<const fib_rule_hdr*>(NLMSG_DATA(&message));
  const NlAttributes<FRA_MAX> attributes(message, sizeof(header));
  Decoded<state::Rule> decoded;
  state::Rule& rule = decoded.value;
  rule.priority = attributes.u32(FRA_PRIORITY);
  rule.table = attributes.u32(FRA_TABLE, header.table);
  rule.fwmark = attributes.u32(FRA_FWMARK);
  rule.fwmask = attributes.u32(FRA_FWMASK);
  rule.iif = attributes.text(FRA_IIFNAME);
  if (attributes.has(FRA_SRC)) rule.source = attributes.address(FRA_SRC);
  const bool one_source = header.src_len == (rule.source ? kHostLength : 0);

  constexpr uint32_t kUnlimited = 0xffffffff;  // how "no suppressor" is listed
  if (header.action != FR_ACT_TO_TBL || !one_source || header.tos != 0 ||
      (header.flags & FIB_RULE_INVERT) != 0 ||
      attributes.u32(FRA_SUPPRESS_PREFIXLEN, kUnlimited) != kUnlimited ||
      attributes.u32(FRA_SUPPRESS_IFGROUP, kUnlimited) != kUnlimited ||
      !has_only(message, sizeof(fib_rule_hdr),
                {FRA_PRIORITY, FRA_TABLE, FRA_FWMARK, FRA_FWMASK, FRA_IIFNAME, FRA_SRC,
                 FRA_PROTOCOL, FRA_SUPPRESS_PREFIXLEN, FRA_SUPPRESS_IFGROUP})) {
    rule.table = RT_TABLE_UNSPEC;
    decoded.removal.emplace(message, RTM_DELRULE);
  }
  return decoded;
}

NlMessage add_rule(const state::Rule& rule) {
  // NLM_F_REPLACE would add a copy, and so would no flag at all (style.md 4.3).
  NlMessage message = rule_request(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule);
  message.put_u8(FRA_PROTOCOL, protocol_of(rule));
  return message;
}

NlMessage delete_rule(const state::Rule& rule) {
  return rule_request(RTM_DELRULE, 0, rule);
}

}  // namespace egress::kernel
