// SPDX-License-Identifier: MIT
#pragma once

// Real connections to emulated machines and services: what whoever answers there says, which a
// first packet alone (probe.hpp) does not show. All at once; several threads may call at once.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/ip.hpp"
#include "base/result.hpp"
#include "inspect/observation.hpp"

namespace egress::probe {

struct Call {
  std::string netns{};
  Ipv4Address to{};
  uint16_t port = 0;         // of TCP; 80 is asked as HTTP
  uint16_t source_port = 0;  // 0: any; rules may tell source ports apart
};

struct CallSeen {
  bool connected = false;
  bool refused = false;  // by a reset, at once
  std::string text{};    // the responder's JSON (the contract's part 1); empty when nothing came
};

// One result per call, in order. `patience` is how long each may take in all. kNotFound when a
// namespace is gone, kBusy when a source port is in use there.
Result<std::vector<CallSeen>> call(const std::vector<Call>& calls,
                                   std::chrono::milliseconds patience);

// What a responder says of who it is and whom it sees; nothing where somebody else answers.
struct AnswerSeen {
  std::string host{};
  std::optional<Ipv4Address> peer{};            // nothing: an address of the platform's
  std::optional<inspect::AccessSeen> access{};  // of a service
  std::string message{};                        // of one that refuses
};
std::optional<AnswerSeen> answer_in(const CallSeen& seen);

// The access alone.
std::optional<inspect::AccessSeen> access_in(const CallSeen& seen);

}  // namespace egress::probe
