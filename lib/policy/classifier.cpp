// SPDX-License-Identifier: MIT
#include "policy/classifier.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>

namespace egress::policy {
namespace {

// The row of `from` that holds `value`, or null when the stage does not list `from`. Listed classes
// are covered completely, so the last row that starts at or before the value is the one.
template <typename Row, typename Value, typename Range>
const Row* find_row(const std::vector<Row>& rows, Classifier::Class from, Value value,
                    Range Row::*range) {
  const auto after =
      std::upper_bound(rows.begin(), rows.end(), std::make_tuple(from, value),
                       [range](const std::tuple<Classifier::Class, Value>& wanted, const Row& row) {
                         return wanted < std::make_tuple(row.from, (row.*range).first);
                       });
  if (after == rows.begin() || std::prev(after)->from != from) return nullptr;
  return &*std::prev(after);
}

uint32_t portless_rule(const std::vector<Classifier::PortlessRow>& rows, Classifier::Class from,
                       uint8_t protocol) {
  const bool named = std::find(std::begin(kPortlessProtocols), std::end(kPortlessProtocols),
                               protocol) != std::end(kPortlessProtocols);
  const uint8_t listed = named ? protocol : uint8_t{0};
  const auto row = std::lower_bound(
      rows.begin(), rows.end(), std::make_tuple(from, listed),
      [](const Classifier::PortlessRow& each, const std::tuple<Classifier::Class, uint8_t>& key) {
        return std::make_tuple(each.from, each.protocol) < key;
      });
  return row->rule;
}

}  // namespace

uint32_t Classifier::decide(const Packet& packet) const {
  const bool outbound = direction == lab::Direction::kOutbound;
  const uint32_t one = outbound ? packet.destination.bits : packet.source.bits;
  const uint32_t other = outbound ? packet.source.bits : packet.destination.bits;

  const auto after = std::upper_bound(
      first.begin(), first.end(), one,
      [](uint32_t wanted, const AddressRow& row) { return wanted < row.addresses.first; });
  Class at = std::prev(after)->result;
  if (const auto* row = find_row(second, at, other, &SecondRow::addresses)) at = row->result;

  if (!has_ports(packet.protocol)) return portless_rule(portless, at, packet.protocol);
  if (const auto* row = find_row(source_ports, at, packet.source_port, &PortRow::ports)) {
    at = row->result;
  }
  const auto verdict = std::upper_bound(
      ported.begin(), ported.end(), std::make_tuple(at, packet.protocol, packet.destination_port),
      [](const std::tuple<Class, uint8_t, uint16_t>& wanted, const VerdictRow& row) {
        return wanted < std::make_tuple(row.from, row.protocol, row.ports.first);
      });
  return std::prev(verdict)->rule;
}

}  // namespace egress::policy
