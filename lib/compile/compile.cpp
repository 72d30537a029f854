// SPDX-License-Identifier: MIT
#include "compile/compile.hpp"

#include "compile/data_path.hpp"

namespace egress::compile {

Result<state::KernelState> compile(const policy::Network& network, const Options& options) {
  ASSIGN_OR_RETURN(Fabric fabric, make_fabric(network, options));
  // From the outside in: each part names the ports that those behind it join.
  add_internet(fabric);
  RETURN_IF_ERROR(add_virtual_networks(fabric));
  RETURN_IF_ERROR(add_workers(fabric));
  return std::move(fabric.state);
}

}  // namespace egress::compile
