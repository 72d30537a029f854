// SPDX-License-Identifier: MIT
#pragma once

// The sandbox of Windows apps (policy/sandbox.hpp), which the worker of their plan stands for.

#include <string>

#include "compile/worker.hpp"

namespace egress::compile {

// The app's ports in the worker, of which `vnet` is empty without an integration. Of a plan without
// sandboxes nothing.
void add_to_sandbox(Worker& worker, const std::string& direct, const std::string& vnet);
// Into the chains "forwarding" and "refuse", which are there.
void add_sandbox(const Worker& worker, state::NftTable& table);

}  // namespace egress::compile
