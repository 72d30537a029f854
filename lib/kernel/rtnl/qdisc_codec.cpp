// SPDX-License-Identifier: MIT
#include "kernel/rtnl/qdisc_codec.hpp"

#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "kernel/rtnl/filter_codec.hpp"

namespace egress::kernel {

NlMessage list_qdiscs() {
  return NlMessage(RTM_GETQDISC, 0, tcmsg{});
}

std::optional<AttachedQdisc> decode_attached_qdisc(const nlmsghdr& message) {
  if (message.nlmsg_type != RTM_NEWQDISC) return std::nullopt;
  const auto* header = static_cast<const tcmsg*>(NLMSG_DATA(&message));
  const bool outermost = header->tcm_parent == TC_H_ROOT || header->tcm_parent == TC_H_INGRESS;
  if (header->tcm_handle == 0 || !outermost) return std::nullopt;
  const NlAttributes<TCA_MAX> attributes(message, sizeof(*header));
  tcmsg removed{};
  removed.tcm_ifindex = header->tcm_ifindex;
  removed.tcm_parent = header->tcm_parent;
  return AttachedQdisc{header->tcm_ifindex, attributes.text(TCA_KIND), has_hooks(message),
                       NlMessage(RTM_DELQDISC, 0, removed)};
}

}  // namespace egress::kernel
