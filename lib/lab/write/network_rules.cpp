// SPDX-License-Identifier: MIT
#include "lab/write/writer.hpp"

namespace egress::lab {

Document Writer::json_of(const NetworkRule& rule) const {
  const auto& [priority, action, protocols, sources, destinations, fqdns, ports] = rule;
  return object(field("priority", priority), field("action", action),
                field("ipProtocols", protocols), field("sourceAddresses", texts_of(sources)),
                field("destinationAddresses", texts_of(destinations)),
                field("destinationFqdns", fqdns),
                ports.is_all() ? Field{"destinationPorts", Document::array({"*"})}
                               : field("destinationPorts", ports.intervals()));
}

}  // namespace egress::lab
