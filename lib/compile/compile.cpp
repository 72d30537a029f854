// SPDX-License-Identifier: MIT
#include "compile/compile.hpp"

#include "compile/parts.hpp"

namespace egress::compile {

state::KernelState compile(const lab::Lab& lab, const lab::IntegrationAddresses& addresses,
                           const Options& options) {
  Fabric fabric(lab, addresses, options);
  add_workers(fabric);
  add_virtual_networks(fabric);
  add_outside(fabric);
  return std::move(fabric.state);
}

}  // namespace egress::compile
