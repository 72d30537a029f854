// SPDX-License-Identifier: MIT
#include "kernel/nft/queries.hpp"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netlink/attr.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

namespace egress::kernel {
namespace {

NlMessage question(int what, int family) {
  NlMessage message((NFNL_SUBSYS_NFTABLES << 8) | what, 0);
  nfgenmsg header{};
  header.nfgen_family = static_cast<uint8_t>(family);
  header.version = NFNETLINK_V0;
  message.append(&header, sizeof(header));
  return message;
}

NlMessage question_on_our_table(int what, int table_attribute) {
  NlMessage message = question(what, NFPROTO_IPV4);
  message.put(table_attribute, std::string(kNftTableName));
  return message;
}

template <int kLast>
struct Attributes {
  explicit Attributes(const nlmsghdr& message) {
    nlmsg_parse(const_cast<nlmsghdr*>(&message), sizeof(nfgenmsg), all.data(), kLast, nullptr);
  }
  explicit Attributes(nlattr* nest) { nla_parse_nested(all.data(), kLast, nest, nullptr); }
  nlattr* operator[](size_t type) const { return all[type]; }
  std::string text(size_t type) const {
    return all[type] == nullptr ? std::string() : nla_get_string(all[type]);
  }
  uint32_t number(size_t type) const {
    return all[type] == nullptr ? 0 : ntohl(nla_get_u32(all[type]));
  }
  uint64_t long_number(size_t type) const {
    return all[type] == nullptr ? 0 : be64toh(nla_get_u64(all[type]));
  }
  std::array<nlattr*, kLast + 1> all{};
};

std::string family_name(uint8_t family) {
  switch (family) {
    case NFPROTO_INET: return "inet";
    case NFPROTO_IPV4: return "ip";
    case NFPROTO_ARP: return "arp";
    case NFPROTO_NETDEV: return "netdev";
    case NFPROTO_BRIDGE: return "bridge";
    case NFPROTO_IPV6: return "ip6";
    default: return {};
  }
}

uint8_t family_of(const nlmsghdr& message) {
  return static_cast<const nfgenmsg*>(NLMSG_DATA(&message))->nfgen_family;
}

const char* hook_name(uint32_t number) {
  switch (number) {
    case NF_INET_PRE_ROUTING: return "prerouting";
    case NF_INET_LOCAL_IN: return "input";
    case NF_INET_FORWARD: return "forward";
    case NF_INET_LOCAL_OUT: return "output";
    case NF_INET_POST_ROUTING: return "postrouting";
    default: return "";
  }
}

std::optional<state::NftHook> hook_of(const Attributes<NFTA_CHAIN_MAX>& chain) {
  if (chain[NFTA_CHAIN_HOOK] == nullptr) return std::nullopt;
  const Attributes<NFTA_HOOK_MAX> hook(chain[NFTA_CHAIN_HOOK]);
  return state::NftHook{.type = chain.text(NFTA_CHAIN_TYPE),
                        .hook = hook_name(hook.number(NFTA_HOOK_HOOKNUM)),
                        .priority = static_cast<int>(hook.number(NFTA_HOOK_PRIORITY)),
                        .policy_drop = chain.number(NFTA_CHAIN_POLICY) == NF_DROP};
}

// The packets of the rule's counter, or nothing when the rule does not count.
std::optional<uint64_t> packets_of(nlattr* expressions) {
  nlattr* element = static_cast<nlattr*>(nla_data(expressions));
  int left = nla_len(expressions);
  for (; nla_ok(element, left) != 0; element = nla_next(element, &left)) {
    const Attributes<NFTA_EXPR_MAX> expression(element);
    if (expression.text(NFTA_EXPR_NAME) != "counter") continue;
    if (expression[NFTA_EXPR_DATA] == nullptr) continue;
    const Attributes<NFTA_COUNTER_MAX> counter(expression[NFTA_EXPR_DATA]);
    return counter.long_number(NFTA_COUNTER_PACKETS);
  }
  return std::nullopt;
}

}  // namespace

Result<NftQueries> NftQueries::open() {
  ASSIGN_OR_RETURN(NetlinkSocket socket, NetlinkSocket::open(NETLINK_NETFILTER));
  return NftQueries(std::move(socket));
}

Result<uint32_t> NftQueries::generation() {
  NlMessage message = question(NFT_MSG_GETGEN, NFPROTO_UNSPEC);
  ASSIGN_OR_RETURN(const NlReplies replies, socket_.get(message));
  if (replies.first() == nullptr) {
    return Error{.code = Errc::kKernel, .message = "nf_tables tells no generation"};
  }
  return Attributes<NFTA_GEN_MAX>(*replies.first()).number(NFTA_GEN_ID);
}

Result<std::vector<NftTableId>> NftQueries::tables() {
  NlMessage message = question(NFT_MSG_GETTABLE, NFPROTO_UNSPEC);
  ASSIGN_OR_RETURN(const NlReplies replies, socket_.dump(message));
  std::vector<NftTableId> tables;
  replies.for_each([&](const nlmsghdr& reply) {
    const Attributes<NFTA_TABLE_MAX> table(reply);
    tables.push_back({family_name(family_of(reply)), table.text(NFTA_TABLE_NAME),
                      table.long_number(NFTA_TABLE_HANDLE)});
  });
  return tables;
}

Result<state::NftPresent> NftQueries::present() {
  state::NftPresent present;
  NlMessage chains = question_on_our_table(NFT_MSG_GETCHAIN, NFTA_CHAIN_TABLE);
  ASSIGN_OR_RETURN(const NlReplies chain_replies, socket_.dump(chains));
  chain_replies.for_each([&](const nlmsghdr& reply) {
    const Attributes<NFTA_CHAIN_MAX> chain(reply);
    const bool anonymous = (chain.number(NFTA_CHAIN_FLAGS) & NFT_CHAIN_BINDING) != 0;
    if (chain.text(NFTA_CHAIN_TABLE) == kNftTableName && !anonymous) {
      present.chains[chain.text(NFTA_CHAIN_NAME)] = hook_of(chain);
    }
  });
  NlMessage sets = question_on_our_table(NFT_MSG_GETSET, NFTA_SET_TABLE);
  ASSIGN_OR_RETURN(const NlReplies set_replies, socket_.dump(sets));
  set_replies.for_each([&](const nlmsghdr& reply) {
    const Attributes<NFTA_SET_MAX> set(reply);
    const uint32_t flags = set.number(NFTA_SET_FLAGS);
    if ((flags & NFT_SET_ANONYMOUS) != 0) return;
    const bool is_map = (flags & (NFT_SET_MAP | NFT_SET_OBJECT)) != 0;
    (is_map ? present.maps : present.sets).push_back(set.text(NFTA_SET_NAME));
  });
  return present;
}

Result<std::map<std::string, uint64_t>> NftQueries::counters() {
  NlMessage message = question_on_our_table(NFT_MSG_GETRULE, NFTA_RULE_TABLE);
  auto replies = socket_.dump(message);
  std::map<std::string, uint64_t> packets;
  if (!replies.ok() && replies.error().sys_errno == ENOENT) return packets;
  if (!replies.ok()) return std::move(replies).error();
  std::map<std::string, int> counting;
  replies->for_each([&](const nlmsghdr& reply) {
    const Attributes<NFTA_RULE_MAX> rule(reply);
    if (rule.text(NFTA_RULE_TABLE) != kNftTableName || rule[NFTA_RULE_EXPRESSIONS] == nullptr)
      return;
    const auto counted = packets_of(rule[NFTA_RULE_EXPRESSIONS]);
    if (!counted) return;
    const std::string chain = state::table_name(rule.text(NFTA_RULE_CHAIN));
    packets[chain] = *counted;
    ++counting[chain];
  });
  for (const auto& [chain, rules] : counting) {
    if (rules != 1) packets.erase(chain);
  }
  return packets;
}

}  // namespace egress::kernel
