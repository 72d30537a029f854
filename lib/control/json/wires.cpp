// SPDX-License-Identifier: MIT
#include "control/json.hpp"
#include "control/json/values.hpp"
#include "lab/document.hpp"

namespace egress::control {

namespace {

Json counts_json(const settings::DirectionCounts& counts) {
  const auto& [packets, bytes, denied, lost, overflow, unsent, waiting] = counts;
  return {{"packets", packets},   {"bytes", bytes},   {"denied", denied},  {"lost", lost},
          {"overflow", overflow}, {"unsent", unsent}, {"waiting", waiting}};
}

Json flows_json(const settings::FlowCounts& flows) {
  const auto& [asked, agreed, spared, untold, passed, dropped] = flows;
  return {{"asked", asked},   {"agreed", agreed}, {"spared", spared},
          {"untold", untold}, {"passed", passed}, {"dropped", dropped}};
}

Json packet_json(const policy::Packet& flow) {
  const bool ported = has_ports(flow.protocol);
  const auto port = [&](uint16_t number) { return ported ? Json(number) : Json(nullptr); };
  return {{"protocol", protocol_text(flow.protocol)},
          {"source", flow.source.to_string()},
          {"sourcePort", port(flow.source_port)},
          {"destination", flow.destination.to_string()},
          {"port", port(flow.destination_port)}};
}

Json disagreement_json(const settings::Disagreement& disagreement) {
  Json json = packet_json(disagreement.flow);
  json["at"] = time_text(time_of_ms(disagreement.at_ms));
  json["kernel"] = disagreement.kernel_passed ? "passed" : "dropped";
  json["decidedBy"] = {{"stage", policy::name_of(disagreement.decided_by.stage)},
                       {"name", disagreement.decided_by.name}};
  json["reason"] = disagreement.reason;
  return json;
}

}  // namespace

Json to_json(const settings::OneWire& wire) {
  return {{"wire", wire.wire},
          {"carrying", wire.carrying},
          {"out", counts_json(wire.out)},
          {"in", counts_json(wire.in)},
          {"flows", flows_json(wire.flows)},
          {"impairment", wire.impairment ? lab::document_of(*wire.impairment) : Json(nullptr)},
          {"held", wire.held},
          {"until", wire.until_ms ? Json(time_text(time_of_ms(*wire.until_ms))) : Json(nullptr)},
          {"disagreements", array_of(wire.disagreements, disagreement_json)}};
}

Json to_json(const settings::WireReport& report) {
  return {{"wires",
           array_of(report.wires, [](const settings::OneWire& wire) { return to_json(wire); })}};
}

Json to_json(const settings::StepsTaken& taken) {
  return {{"out", taken.out}, {"in", taken.in}};
}

}  // namespace egress::control
