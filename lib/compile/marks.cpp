// SPDX-License-Identifier: MIT
#include "compile/marks.hpp"

#include <fmt/format.h>

namespace egress::compile {
namespace {

// Each direction remembers the gate that admitted a flow in its own half of the connection mark.
struct GateBits {
  uint32_t mask = 0;
  uint32_t value = 0;
};

GateBits bits_of(lab::Direction direction, uint32_t gate) {
  return direction == lab::Direction::kOutbound ? GateBits{0x0000ffff, gate}
                                                : GateBits{0xffff0000, gate << 16U};
}

}  // namespace

std::string set_packet_mark(uint32_t mark) {
  return fmt::format("meta mark set {:#010x}", mark);
}

std::string remember_gate(lab::Direction direction, uint32_t gate) {
  const GateBits bits = bits_of(direction, gate);
  return fmt::format("ct mark set ct mark and {:#010x} or {:#010x}", ~bits.mask, bits.value);
}

std::string was_admitted_by(lab::Direction direction, uint32_t gate) {
  const GateBits bits = bits_of(direction, gate);
  return fmt::format("ct mark and {:#010x} == {:#010x}", bits.mask, bits.value);
}

std::string is_denied_flow() {
  return fmt::format("ct mark {:#010x}", kDeniedFlow);
}

}  // namespace egress::compile
