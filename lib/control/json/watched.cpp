// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "control/json.hpp"
#include "control/json/values.hpp"

namespace egress::control {

namespace {

constexpr uint8_t kFin = 0x01;
constexpr uint8_t kSyn = 0x02;
constexpr uint8_t kReset = 0x04;
constexpr uint8_t kPush = 0x08;
constexpr uint8_t kAck = 0x10;
constexpr uint8_t kUrgent = 0x20;

// As tcpdump writes them: "S", "S.", "P.", "F.", "R".
std::string flags_text(uint8_t flags) {
  constexpr std::pair<uint8_t, char> kLetters[] = {{kFin, 'F'},  {kSyn, 'S'},    {kReset, 'R'},
                                                   {kPush, 'P'}, {kUrgent, 'U'}, {kAck, '.'}};
  std::string text;
  for (const auto& [flag, letter] : kLetters) {
    if ((flags & flag) != 0) text += letter;
  }
  return text;
}

const char* name_of(LostIn where) {
  switch (where) {
    case LostIn::kKernel: return "kernel";
    case LostIn::kDaemon: return "daemon";
    case LostIn::kWire: return "wire";
    case LostIn::kClient: return "client";
  }
  return "";
}

}  // namespace

Json watched_json(ipam::TimePoint at, const policy::Explanation& explanation) {
  const policy::Flow& flow = explanation.flow;
  const bool ported = has_ports(number_of(flow.protocol));
  const auto port = [&](uint16_t number) { return ported ? Json(number) : Json(nullptr); };
  return {{"type", "flow"},
          {"at", time_text(at)},
          {"app", explanation.sender.to_string()},
          {"traffic", lab::name_of(explanation.sender.traffic)},
          {"protocol", name_of(flow.protocol)},
          {"sourcePort", port(flow.source_port)},
          {"destination", flow.destination.to_string()},
          {"port", port(flow.destination_port)},
          {"verdict", lab::name_of(explanation.verdict)},
          {"decidedBy",
           {{"stage", policy::name_of(explanation.decided_by.stage)},
            {"name", explanation.decided_by.name}}},
          {"path", explanation.path ? Json(lab::name_of(*explanation.path)) : Json(nullptr)},
          {"source", address_or_null(explanation.source)},
          {"sees", explanation.sees}};
}

Json watched_json(ipam::TimePoint at, const flows::WatchedDrop& drop) {
  const state::DroppedPacket& packet = drop.packet;
  const bool ported = has_ports(packet.protocol);
  const auto port = [&](uint16_t number) { return ported ? Json(number) : Json(nullptr); };
  return {{"type", "drop"},
          {"at", time_text(at)},
          {"app", drop.app ? Json(drop.app->to_string()) : Json(nullptr)},
          {"instance", drop.instance ? Json(fmt::format("{}/{}", drop.instance->server_farm,
                                                        drop.instance->instance))
                                     : Json(nullptr)},
          {"rule", drop.by.rule},
          {"direction", drop.by.direction ? Json(lab::name_of(*drop.by.direction)) : Json(nullptr)},
          {"where", text_or_null(drop.by.where)},
          {"protocol", protocol_text(packet.protocol)},
          {"source", packet.source.to_string()},
          {"sourcePort", port(packet.source_port)},
          {"destination", packet.destination.to_string()},
          {"port", port(packet.destination_port)}};
}

Json watched_json(const settings::PacketRecord& packet) {
  const bool tcp = packet.flow.protocol == number_of(Protocol::kTcp);
  const bool ported = has_ports(packet.flow.protocol);
  const auto port = [&](uint16_t number) { return ported ? Json(number) : Json(nullptr); };
  constexpr int64_t kPerMillisecond = 1'000'000;
  return {{"type", "packet"},
          {"at", time_text(time_of_ms(packet.at_ns / kPerMillisecond))},
          {"wire", packet.wire},
          {"direction", packet.out ? "out" : "in"},
          {"protocol", protocol_text(packet.flow.protocol)},
          {"source", packet.flow.source.to_string()},
          {"sourcePort", port(packet.flow.source_port)},
          {"destination", packet.flow.destination.to_string()},
          {"port", port(packet.flow.destination_port)},
          {"length", packet.length},
          {"flags", tcp ? Json(flags_text(packet.tcp_flags)) : Json(nullptr)},
          {"sequence", tcp ? Json(packet.sequence) : Json(nullptr)},
          {"fate", packet.fate}};
}

Json watched_json(ipam::TimePoint at, const LostRecords& lost) {
  return {{"type", "lost"},
          {"at", time_text(at)},
          {"where", name_of(lost.where)},
          {"count", lost.count ? Json(*lost.count) : Json(nullptr)}};
}

}  // namespace egress::control
