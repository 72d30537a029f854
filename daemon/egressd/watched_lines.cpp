// SPDX-License-Identifier: MIT
#include "egressd/watched_lines.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "control/json.hpp"
#include "egressd/wires.hpp"
#include "lab/suggest.hpp"
#include "settings/wire_text.hpp"

namespace egress::daemon {

namespace {

constexpr size_t kBatch = 1024;
constexpr size_t kLargestRecord = 4096;
constexpr const char* kDenied = "denied";  // a packet's fate

using Event = kernel::FlowFeed::Event;

bool is_flow(const Event& event) {
  return std::holds_alternative<state::TrackedFlow>(event.what);
}

WatchedLine line_of(const policy::Explanation& flow, ipam::TimePoint now) {
  return {.kind = WatchedLine::Kind::kFlow,
          .app = flow.sender,
          .denied = flow.verdict != lab::Verdict::kAllow,
          .text = control::dump(control::watched_json(now, flow))};
}

WatchedLine line_of(const flows::WatchedDrop& drop, ipam::TimePoint now) {
  return {.kind = WatchedLine::Kind::kDrop,
          .app = drop.app,
          .instance = drop.instance,
          .denied = true,
          .text = control::dump(control::watched_json(now, drop))};
}

WatchedLine line_of(const settings::PacketRecord& packet) {
  return {.kind = WatchedLine::Kind::kPacket,
          .wire = packet.wire,
          .denied = packet.fate == kDenied,
          .text = control::dump(control::watched_json(packet))};
}

}  // namespace

Filter::Filter(const control::WatchRequest& request, const policy::Network& network)
    : request_(request), network_(network) {
  if (!request.packets) return;
  for (auto& [worker, wire] : wires_of(network)) {
    if (is_meant(worker)) wires_.insert(std::move(wire));
  }
}

bool Filter::is_meant(const policy::WorkerKey& worker) const {
  if (request_.site.empty()) return true;
  const auto site = network_.sites.find(request_.site);
  return site != network_.sites.end() &&
         lab::equal_ignoring_case(site->second.declared->server_farm, worker.server_farm) &&
         request_.instance.value_or(worker.instance) == worker.instance;
}

bool Filter::wants(const WatchedLine& line) const {
  if (request_.denied && !line.denied) return false;
  if (line.kind == WatchedLine::Kind::kPacket) return wires_.count(line.wire) != 0;
  if (request_.site.empty()) return true;
  if (!line.app) return line.instance && is_meant(*line.instance);
  return lab::equal_ignoring_case(line.app->site, request_.site) &&
         request_.instance.value_or(line.app->instance) == line.app->instance;
}

// Flows come first: they say whose packets were dropped.
Result<WatchedLines> read_flows(WatchedFeed& feed, flows::Watched& watched, ipam::TimePoint now) {
  ASSIGN_OR_RETURN(kernel::FlowFeed::Batch batch, feed.read(kBatch));
  std::stable_partition(batch.events.begin(), batch.events.end(), is_flow);
  WatchedLines told{.lost = batch.lost};
  for (const Event& event : batch.events) {
    if (const auto* flow = std::get_if<state::TrackedFlow>(&event.what)) {
      const auto explanation = watched.flow(event.netns, *flow);
      if (explanation) told.lines.push_back(line_of(*explanation, now));
    } else {
      const auto& packet = std::get<state::DroppedPacket>(event.what);
      told.lines.push_back(line_of(watched.drop(event.netns, packet), now));
    }
  }
  return told;
}

WatchedLines read_packets(int socket) {
  WatchedLines told;
  std::array<char, kLargestRecord> buffer{};
  for (size_t i = 0; i < kBatch; ++i) {
    const ssize_t size = ::recv(socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0 && errno == EINTR) continue;
    told.ended = size == 0 || (size < 0 && errno != EAGAIN);
    if (size <= 0) return told;
    const auto record =
        settings::parse_wire_record(std::string(buffer.data(), static_cast<size_t>(size)));
    if (!record.ok()) continue;
    if (const auto* lost = std::get_if<settings::LostRecords>(&*record)) {
      told.lost += lost->count;
    } else {
      told.lines.push_back(line_of(std::get<settings::PacketRecord>(*record)));
    }
  }
  return told;
}

}  // namespace egress::daemon
