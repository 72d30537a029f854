// SPDX-License-Identifier: MIT
#pragma once

// Random labs and flows for the oracle. Everything derives from a seed; what is drawn leans to the
// edges where evaluators go wrong: nested and equal prefixes, first and last addresses and ports,
// rules that overlap in every dimension, appliances that are absent or do not forward.

#include <cstdint>
#include <iterator>
#include <random>
#include <vector>

#include "lab/lab.hpp"
#include "policy/explain.hpp"

namespace egress::oracle {

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  uint32_t below(uint32_t bound) { return static_cast<uint32_t>(engine_() % bound); }
  bool chance(uint32_t percent) { return below(100) < percent; }
  template <typename Container>
  const auto& pick(const Container& container) {
    return container[below(static_cast<uint32_t>(container.size()))];
  }
  // A value of a map that has some.
  template <typename Map>
  auto& any_of(Map& map) {
    return std::next(map.begin(), below(static_cast<uint32_t>(map.size())))->second;
  }

 private:
  std::mt19937_64 engine_;
};

// What came to the generator later is drawn last and from numbers of its own, so that it shifts no
// other draw.
Random later_draws(uint64_t seed, uint64_t attempt);
// In the seeds of those of load balancers.
inline constexpr uint64_t kBalancers = uint64_t{1} << 40U;
// Likewise of network interfaces.
inline constexpr uint64_t kInterfaces = uint64_t{1} << 41U;
// And of equal ways and gateways side by side.
inline constexpr uint64_t kWays = uint64_t{1} << 42U;

// Where the source ports of a seed's rules and flows begin. An even seed and the odd one behind it
// share them by turns, other seeds near it have others: a 5-tuple that came again within the
// time-outs of connection tracking would meet the state that a lab before left.
inline constexpr uint16_t kSourcePorts = 128;
uint16_t first_source_port(uint64_t seed);

// A lab that passes validation. That of an odd seed is the one before it with a few changes, so
// that labs in a row are now a different world, now an edit.
lab::Lab random_lab(uint64_t seed);
bool is_valid(const lab::Lab& lab);

struct ProbeCase {
  lab::Sender from{};
  policy::Flow flow{};
};

// At most `count` flows, no two that could be confused anywhere on their way.
std::vector<ProbeCase> random_flows(const lab::Lab& lab, const lab::IntegrationAddresses& addresses,
                                    uint64_t seed, size_t count);

}  // namespace egress::oracle
