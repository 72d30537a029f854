// SPDX-License-Identifier: MIT
#pragma once

// The one place where Azure's words become the kernel's: an analysed network in, every kernel
// object of the data path out (ARCHITECTURE.md section 2). Pure.

#include <chrono>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "policy/network.hpp"
#include "state/kernel_state.hpp"
#include "state/renames.hpp"
#include "tls/authority.hpp"

namespace egress::compile {

struct Options {
  std::string prefix = "eg";
  // How far the lab's clock is ahead of the machine's.
  std::chrono::seconds clock_offset{};
  bool bird_installed = false;  // without it gateways do not speak BGP
  bool flow_cache = false;      // routers' ports have one; wires do without
  tls::Authority authority{};   // signs for whoever answers TLS; without it nobody does
};

// A network with what was made of it.
struct Compiled {
  const policy::Network& network;
  const state::KernelState& state;
};

// kInvalid when a lease is missing or not in its subnet, or there are more objects of a kind than
// numbers for them. Where nothing but security rules has changed since `previous`, of the same
// options, all is taken over from it that they do not touch.
Result<state::KernelState> compile(const policy::Network& network, const Options& options = {},
                                   const std::optional<Compiled>& previous = std::nullopt);

// The firewalls that are in force on the way from one network to the next, where those differ from
// `to`'s (policy/narrowing.hpp); none where that can be reached at once. kInvalid as above.
Result<state::Firewalls> meanwhile(const policy::Network& from, const Compiled& to,
                                   const Options& options = {});

// What the namespaces of instances were called while others of their plan were beside them, and
// what they are called now; whether they were ever made by those names nobody knows here.
state::Renames renames(const policy::Network& network, const std::string& prefix);

// What compile() has made with options that differ in their clock alone.
state::KernelState at_clock(state::KernelState state, const Options& options);

}  // namespace egress::compile
