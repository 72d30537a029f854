// SPDX-License-Identifier: MIT

// libFuzzer's target over what the kernel answers and tells. An input is one message behind its
// header, which is made whole: the kernel gets lengths right, and nothing else is taken for
// granted. Sanitizers decide whether an input is a finding.

#include <cstdint>
#include <cstring>
#include <vector>

#include "kernel/conntrack/codec.hpp"
#include "kernel/drop_log/codec.hpp"
#include "kernel/rtnl/codec.hpp"
#include "kernel/rtnl/link_codec.hpp"
#include "kernel/rtnl/qdisc_codec.hpp"

namespace egress::kernel {
namespace {

void try_message(const nlmsghdr& message) {
  const LinkNames links{{1, "lo"}, {2, "eth0"}};
  (void)decode_link(message);
  (void)decode_attached_qdisc(message);
  (void)decode_address(message, links);
  (void)decode_neighbour(message, links);
  (void)decode_route(message, links);
  (void)decode_route_of_address(message, links);
  (void)decode_learned_route(message);
  (void)decode_rule(message);
  (void)decode_rp_filter(message);
  (void)decode_nsid(message);
  (void)read_logged(message);
  if (is_of_ipv4(message)) (void)read_flow(message);
}

}  // namespace
}  // namespace egress::kernel

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // A type, and a body that begins where the header ends.
  if (size < sizeof(uint16_t)) return 0;
  std::vector<uint32_t> room((sizeof(nlmsghdr) + size + sizeof(uint32_t)) / sizeof(uint32_t));
  auto* const message = reinterpret_cast<nlmsghdr*>(room.data());
  std::memcpy(&message->nlmsg_type, data, sizeof(uint16_t));
  message->nlmsg_len = static_cast<uint32_t>(sizeof(nlmsghdr) + size - sizeof(uint16_t));
  std::memcpy(message + 1, data + sizeof(uint16_t), size - sizeof(uint16_t));
  egress::kernel::try_message(*message);
  return 0;
}
