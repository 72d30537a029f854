// SPDX-License-Identifier: MIT
#pragma once

// A rule list compiled to a chain of interval lookups, so that neither the kernel nor `explain`
// walks the list. Theory of operation:
//
// The rules are a function (destination, source, source port, protocol, destination port) -> rule.
// Fix one field and what is left is a residual function of the others; equal residuals share one
// class. So each stage maps (class so far, one field's interval) to the next class, and the last
// stage maps (class, protocol, destination port) to the index of the deciding rule. A stage in
// which no class depends on the field is absent. Intervals with the same result are merged.
// Equality of residuals is equality of the set of rules still possible, cut off after the first
// rule that no longer depends on anything (it hides all later ones).

#include <cstdint>
#include <vector>

#include "base/interval_set.hpp"
#include "policy/effective_rules.hpp"

namespace egress::policy {

// Protocols without ports that rules can name, and 0 for every other one.
inline constexpr uint8_t kPortlessProtocols[] = {
    0, number_of(Protocol::kIcmp), number_of(Protocol::kEsp), number_of(Protocol::kAh)};

struct Classifier {
  using Class = uint32_t;

  // The address looked at first is the one with more intervals in this direction: destination for
  // outbound lists, source for inbound ones.
  lab::Direction direction = lab::Direction::kOutbound;

  struct AddressRow {
    Interval<uint32_t> addresses{};
    Class result = 0;
  };
  std::vector<AddressRow> first{};  // covers all addresses, sorted

  // Rows of a class that the stage does not list keep their class unchanged.
  struct SecondRow {
    Class from = 0;
    Interval<uint32_t> addresses{};
    Class result = 0;
  };
  std::vector<SecondRow> second{};  // sorted by (from, addresses); covers all addresses per `from`
  struct PortRow {
    Class from = 0;
    Interval<uint16_t> ports{};
    Class result = 0;
  };
  // TCP and UDP only: a class listed here has portless rows, and no ported ones.
  std::vector<PortRow> source_ports{};

  // TCP and UDP decide by destination port; the rule index refers to the input list.
  struct VerdictRow {
    Class from = 0;
    uint8_t protocol = 0;
    Interval<uint16_t> ports{};
    uint32_t rule = 0;
  };
  std::vector<VerdictRow> ported{};  // sorted by (from, protocol, ports); complete per class
  struct PortlessRow {
    Class from = 0;
    uint8_t protocol = 0;
    uint32_t rule = 0;
  };
  std::vector<PortlessRow> portless{};  // of kPortlessProtocols; complete

  // Index into the compiled list of the rule that decides; every packet has one, since the
  // default rules end in a deny for all.
  uint32_t decide(const Packet& packet) const;
};

// `rules` is not empty and ends in a rule that matches everything.
Classifier compile_classifier(const std::vector<EffectiveRule>& rules, lab::Direction direction);

}  // namespace egress::policy
