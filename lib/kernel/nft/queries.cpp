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
  return nft_message((NFNL_SUBSYS_NFTABLES << 8) | what, 0, family);
}

NlMessage question_on_our_table(int what, int table_attribute) {
  NlMessage message = question(what, NFPROTO_IPV4);
  message.put(table_attribute, std::string(kNftTableName));
  return message;
}

template <int kLast>
struct Attributes : NlAttributes<kLast> {
  explicit Attributes(const nlmsghdr& message) : NlAttributes<kLast>(message, sizeof(nfgenmsg)) {}
  explicit Attributes(nlattr* nest) : NlAttributes<kLast>(nest) {}
  uint32_t number(int type) const { return this->big_endian(type); }
  uint64_t long_number(int type) const {
    return this->has(type) ? be64toh(nla_get_u64((*this)[type])) : 0;
  }
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

NlMessage nft_message(int type, int flags, int family, uint16_t resource, size_t room) {
  nfgenmsg header{};
  header.nfgen_family = static_cast<uint8_t>(family);
  header.version = NFNETLINK_V0;
  header.res_id = htons(resource);
  return NlMessage(type, flags, header, room);
}

Result<NftQueries> NftQueries::open() {
  ASSIGN_OR_RETURN(NetlinkSocket socket, NetlinkSocket::open(NETLINK_NETFILTER));
  return NftQueries(std::move(socket));
}

Result<uint32_t> NftQueries::generation() {
  return socket_.ask(question(NFT_MSG_GETGEN, NFPROTO_UNSPEC), [](const nlmsghdr& reply) {
    return Attributes<NFTA_GEN_MAX>(reply).number(NFTA_GEN_ID);
  });
}

Result<std::vector<NftTableId>> NftQueries::tables() {
  std::vector<NftTableId> tables;
  const auto add = [&](const nlmsghdr& reply) {
    const Attributes<NFTA_TABLE_MAX> table(reply);
    tables.push_back({family_name(family_of(reply)), table.text(NFTA_TABLE_NAME),
                      table.long_number(NFTA_TABLE_HANDLE)});
  };
  RETURN_IF_ERROR(socket_.dump(question(NFT_MSG_GETTABLE, NFPROTO_UNSPEC), add));
  return tables;
}

Result<state::NftPresent> NftQueries::present() {
  state::NftPresent present;
  const auto add_chain = [&](const nlmsghdr& reply) {
    const Attributes<NFTA_CHAIN_MAX> chain(reply);
    const bool anonymous = (chain.number(NFTA_CHAIN_FLAGS) & NFT_CHAIN_BINDING) != 0;
    if (chain.text(NFTA_CHAIN_TABLE) == kNftTableName && !anonymous) {
      present.chains[chain.text(NFTA_CHAIN_NAME)] = hook_of(chain);
    }
  };
  const auto add_set = [&](const nlmsghdr& reply) {
    const Attributes<NFTA_SET_MAX> set(reply);
    const uint32_t flags = set.number(NFTA_SET_FLAGS);
    if ((flags & NFT_SET_ANONYMOUS) != 0) return;
    const bool is_map = (flags & (NFT_SET_MAP | NFT_SET_OBJECT)) != 0;
    (is_map ? present.maps : present.sets).push_back(set.text(NFTA_SET_NAME));
  };
  RETURN_IF_ERROR(
      socket_.dump(question_on_our_table(NFT_MSG_GETCHAIN, NFTA_CHAIN_TABLE), add_chain));
  RETURN_IF_ERROR(socket_.dump(question_on_our_table(NFT_MSG_GETSET, NFTA_SET_TABLE), add_set));
  return present;
}

Result<std::map<std::string, uint64_t>> NftQueries::counters() {
  std::map<std::string, uint64_t> packets;
  std::map<std::string, int> counting;
  const auto add = [&](const nlmsghdr& reply) {
    const Attributes<NFTA_RULE_MAX> rule(reply);
    if (rule.text(NFTA_RULE_TABLE) != kNftTableName || rule[NFTA_RULE_EXPRESSIONS] == nullptr)
      return;
    const auto counted = packets_of(rule[NFTA_RULE_EXPRESSIONS]);
    if (!counted) return;
    const std::string chain = state::table_name(rule.text(NFTA_RULE_CHAIN));
    packets[chain] = *counted;
    ++counting[chain];
  };
  Status listed = socket_.dump(question_on_our_table(NFT_MSG_GETRULE, NFTA_RULE_TABLE), add);
  if (!listed.ok() && listed.error().sys_errno != ENOENT) return std::move(listed).error();
  for (const auto& [chain, rules] : counting) {
    if (rules != 1) packets.erase(chain);
  }
  return packets;
}

}  // namespace egress::kernel
