// SPDX-License-Identifier: MIT
#include "kernel/rtnl/filter_codec.hpp"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <string>

namespace egress::kernel {
namespace {

constexpr uint32_t kIngressBlock = 1;
constexpr uint32_t kEgressBlock = 2;
constexpr uint32_t kPriority = 1;
constexpr uint32_t kHandle = 1;
// flow_cache.bpf.c
constexpr uint32_t kClassOfTracked = 1;
constexpr uint32_t kClassOfAll = 2;

uint32_t block_of(Hook hook) {
  return hook == Hook::kIngress ? kIngressBlock : kEgressBlock;
}

tcmsg qdisc_header(int link_index) {
  tcmsg header{};
  header.tcm_ifindex = link_index;
  header.tcm_parent = TC_H_CLSACT;
  header.tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0U);
  return header;
}

// A filter of a block says so in place of a link.
tcmsg filter_header(Hook hook) {
  tcmsg header{};
  header.tcm_ifindex = static_cast<int>(TCM_IFINDEX_MAGIC_BLOCK);
  header.tcm_block_index = block_of(hook);
  return header;
}

}  // namespace

NlMessage add_hooks(int link_index) {
  NlMessage message(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, qdisc_header(link_index));
  message.put(TCA_KIND, std::string("clsact"));
  message.put_u32(TCA_INGRESS_BLOCK, kIngressBlock);
  message.put_u32(TCA_EGRESS_BLOCK, kEgressBlock);
  return message;
}

NlMessage remove_hooks(int link_index) {
  return NlMessage(RTM_DELQDISC, 0, qdisc_header(link_index));
}

bool has_hooks(const nlmsghdr& qdisc) {
  const NlAttributes<TCA_MAX> attributes(qdisc, sizeof(tcmsg));
  return attributes.text(TCA_KIND) == "clsact" &&
         attributes.u32(TCA_INGRESS_BLOCK) == kIngressBlock &&
         attributes.u32(TCA_EGRESS_BLOCK) == kEgressBlock;
}

// The kernel numbers the namespaces that are there by 32 bits, as inodes of its own file system.
uint32_t number_in_filters(const NetnsIdentity& netns) {
  return static_cast<uint32_t>(netns.inode);
}

uint32_t class_of_flow_cache(state::FlowCache what) {
  return what == state::FlowCache::kAll ? kClassOfAll : kClassOfTracked;
}

std::optional<state::FlowCache> flow_cache_of_class(uint32_t class_id) {
  if (class_id == kClassOfTracked) return state::FlowCache::kTracked;
  if (class_id == kClassOfAll) return state::FlowCache::kAll;
  return std::nullopt;
}

NlMessage set_filter(Hook hook, int program_fd, const std::string& name, uint32_t class_id) {
  tcmsg header = filter_header(hook);
  header.tcm_handle = kHandle;
  header.tcm_info = TC_H_MAKE(kPriority << 16U, uint32_t{htons(ETH_P_IP)});
  NlMessage message(RTM_NEWTFILTER, NLM_F_CREATE, header);
  message.put(TCA_KIND, std::string("bpf"));
  nlattr* options = message.open_nest(TCA_OPTIONS);
  message.put_u32(TCA_BPF_FD, static_cast<uint32_t>(program_fd));
  message.put(TCA_BPF_NAME, name);
  message.put_u32(TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
  message.put_u32(TCA_BPF_CLASSID, class_id);
  message.close_nest(options);
  return message;
}

NlMessage flush_filters(Hook hook) {
  return NlMessage(RTM_DELTFILTER, 0, filter_header(hook));
}

NlMessage list_filters(Hook hook) {
  return NlMessage(RTM_GETTFILTER, 0, filter_header(hook));
}

std::optional<AttachedFilter> decode_filter(const nlmsghdr& message) {
  if (message.nlmsg_type != RTM_NEWTFILTER) return std::nullopt;
  const auto* header = static_cast<const tcmsg*>(NLMSG_DATA(&message));
  if (header->tcm_handle == 0) return std::nullopt;  // a priority, under which filters are
  const NlAttributes<TCA_MAX> attributes(message, sizeof(*header));
  AttachedFilter filter;
  if (attributes.text(TCA_KIND) != "bpf" || !attributes.has(TCA_OPTIONS)) return filter;
  const NlAttributes<TCA_BPF_MAX> options(attributes[TCA_OPTIONS]);
  filter.program = {options.text(TCA_BPF_NAME), options.u32(TCA_BPF_ID)};
  filter.class_id = options.u32(TCA_BPF_CLASSID);
  return filter;
}

}  // namespace egress::kernel
