// SPDX-License-Identifier: MIT
#include "probe/probe.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <set>
#include <utility>

#include "kernel/high_fd.hpp"
#include "probe/packets.hpp"
#include "probe/sockets.hpp"

namespace egress::probe {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint8_t kIcmp = 1;
constexpr uint8_t kTcp = 6;
constexpr uint8_t kUdp = 17;
// Packets sent between two looks at the watchers, far below what their buffers hold.
constexpr size_t kBatch = 64;
// Datagrams wait in a buffer of whoever answers them, of the size that sockets have unless somebody
// asks for more. The kernel answers the rest by itself.
constexpr size_t kInFlight = 64;
// Who has not answered by then is waited for later, with all the others; where nobody has answered
// since, the next ones are waited for less.
constexpr std::chrono::milliseconds kPause{100};
constexpr std::chrono::milliseconds kPauseAmongTheSilent{5};

// A UDP answer names its flow by addresses and ports only.
struct UdpKey {
  std::string netns{};
  Ipv4Address destination{};
  uint16_t destination_port = 0;
  uint16_t source_port = 0;
  auto operator<=>(const UdpKey&) const = default;
};

class Run {
 public:
  explicit Run(const std::vector<ProbeFlow>& flows)
      : flows_(flows), results_(flows.size()), first_token_(std::random_device{}()) {}

  Status open(const std::vector<std::string>& watch);
  Status send();
  Status wait(std::chrono::milliseconds patience);
  std::vector<ProbeResult> results() && { return std::move(results_); }

 private:
  // Tokens are two apart, so that a token and the acknowledgement of another never meet.
  uint32_t token_of(size_t flow) const { return first_token_ + 2 * static_cast<uint32_t>(flow); }
  std::optional<size_t> flow_of(uint32_t token) const {
    const uint32_t distance = token - first_token_;
    if (distance % 2 != 0 || distance / 2 >= flows_.size()) return std::nullopt;
    return distance / 2;
  }

  Result<Sender::Sent> send(size_t flow);
  // Until packets have come, or for as long; progress_ says whether any told something.
  Status look(std::chrono::milliseconds patience);
  Status pace();
  Status drain();
  void on_arrival(const Watcher& watcher, const SeenPacket& packet);
  void on_reply(const Watcher& watcher, const SeenPacket& packet);
  std::optional<size_t> tcp_reply(const SeenPacket& packet) const;
  std::optional<size_t> udp_reply(const Watcher& watcher, const SeenPacket& packet);
  std::optional<size_t> refusal(const SeenPacket& packet) const;
  void note_reply(const Watcher& watcher, size_t flow, bool refused);

  const std::vector<ProbeFlow>& flows_;
  std::vector<ProbeResult> results_;
  uint32_t first_token_;
  std::map<std::string, Sender> senders_{};
  std::vector<Watcher> destinations_{};
  std::vector<Watcher> sources_{};
  std::multimap<UdpKey, size_t> awaited_udp_{};
  std::vector<pollfd> polled_{};
  size_t unanswered_ = 0;    // sent, without a reply so far
  size_t datagrams_ = 0;     // of these
  size_t silent_ = 0;        // of these, so many were waited for in vain while others were sent
  bool all_silent_ = false;  // the last time
  bool progress_ = false;    // something new since it was last cleared
};

Status Run::open(const std::vector<std::string>& watch) {
  for (const std::string& netns : std::set<std::string>(watch.begin(), watch.end())) {
    ASSIGN_OR_RETURN(Watcher watcher, Watcher::open(netns));
    destinations_.push_back(std::move(watcher));
  }
  std::map<std::string, std::set<uint16_t>> udp_ports;
  for (const ProbeFlow& flow : flows_) {
    std::set<uint16_t>& ports = udp_ports[flow.netns];
    if (flow.protocol == kUdp) ports.insert(flow.source_port);
  }
  for (const auto& [netns, ports] : udp_ports) {
    ASSIGN_OR_RETURN(Watcher watcher, Watcher::open(netns));
    sources_.push_back(std::move(watcher));
    ASSIGN_OR_RETURN(Sender sender, Sender::open(netns, ports));
    senders_.emplace(netns, std::move(sender));
  }
  for (const Watcher& watcher : destinations_) polled_.push_back({watcher.fd(), POLLIN, 0});
  for (const Watcher& watcher : sources_) polled_.push_back({watcher.fd(), POLLIN, 0});
  return {};
}

Result<Sender::Sent> Run::send(size_t index) {
  const ProbeFlow& flow = flows_[index];
  Sender& sender = senders_.at(flow.netns);
  const uint32_t token = token_of(index);
  switch (flow.protocol) {
    case kIcmp: return sender.send_icmp(flow.destination, echo_request(token));
    case kUdp:
      return sender.send_udp(flow.source_port, flow.destination, flow.destination_port,
                             token_payload(token));
    case kTcp: break;
    default:
      return Error{.code = Errc::kInvalid,
                   .message = "no probe for protocol " + std::to_string(flow.protocol)};
  }
  ASSIGN_OR_RETURN(const std::optional<Ipv4Address> source, sender.source_for(flow.destination));
  if (!source) return Sender::Sent::kNoRoute;
  return sender.send_tcp(flow.destination, syn_segment({.source = *source,
                                                        .destination = flow.destination,
                                                        .source_port = flow.source_port,
                                                        .destination_port = flow.destination_port,
                                                        .token = token}));
}

Status Run::send() {
  for (size_t index = 0; index < flows_.size(); ++index) {
    const ProbeFlow& flow = flows_[index];
    if (flow.protocol == kUdp) {
      awaited_udp_.insert(
          {{flow.netns, flow.destination, flow.destination_port, flow.source_port}, index});
    }
    ASSIGN_OR_RETURN(const Sender::Sent sent, send(index));
    if (sent == Sender::Sent::kYes) {
      ++unanswered_;
      if (flow.protocol == kUdp) ++datagrams_;
    }
    if (index % kBatch == kBatch - 1) RETURN_IF_ERROR(pace());
  }
  return {};
}

Status Run::look(std::chrono::milliseconds patience) {
  if (::poll(polled_.data(), polled_.size(), static_cast<int>(patience.count())) < 0 &&
      errno != EINTR) {
    return Error::from_errno("wait for probes");
  }
  progress_ = false;
  return drain();
}

// Flows that nobody answers cost a pause for many of them.
Status Run::pace() {
  RETURN_IF_ERROR(drain());
  silent_ = std::min(silent_, datagrams_);
  while (datagrams_ > silent_ + kInFlight) {
    RETURN_IF_ERROR(look(all_silent_ ? kPauseAmongTheSilent : kPause));
    if (!progress_) silent_ = datagrams_;
    all_silent_ = !progress_;
  }
  return {};
}

Status Run::wait(std::chrono::milliseconds patience) {
  RETURN_IF_ERROR(drain());
  Clock::time_point deadline = Clock::now() + patience;
  while (unanswered_ > 0) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) break;
    RETURN_IF_ERROR(look(left));
    if (progress_) deadline = Clock::now() + patience;
  }
  // A packet is queued at its destination before it is answered, but we may have read the answer
  // first.
  return drain();
}

Status Run::drain() {
  std::array<uint8_t, 512> buffer{};
  const auto read_all = [&](const Watcher& watcher, auto&& on_packet) -> Status {
    while (true) {
      ASSIGN_OR_RETURN(const auto bytes, watcher.next(buffer));
      if (!bytes) return {};
      if (const auto packet = parse_packet(*bytes)) on_packet(watcher, *packet);
    }
  };
  for (const Watcher& watcher : destinations_) {
    RETURN_IF_ERROR(read_all(
        watcher, [this](const Watcher& at, const SeenPacket& packet) { on_arrival(at, packet); }));
  }
  for (const Watcher& watcher : sources_) {
    RETURN_IF_ERROR(read_all(
        watcher, [this](const Watcher& at, const SeenPacket& packet) { on_reply(at, packet); }));
  }
  return {};
}

void Run::on_arrival(const Watcher& watcher, const SeenPacket& packet) {
  if (packet.protocol == kTcp && packet.tcp_flags != kTcpSyn) return;
  if (packet.protocol == kIcmp && packet.icmp_type != kIcmpEchoRequest) return;
  const auto token = packet.token();
  const auto index = token ? flow_of(*token) : std::nullopt;
  if (!index || !watcher.owns(packet.destination)) return;
  const ProbeFlow& flow = flows_[*index];
  const bool same_port = packet.protocol == kIcmp ||
                         packet.destination_port == flow.destination_port ||
                         (flow.app_port != 0 && packet.destination_port == flow.app_port);
  if (packet.protocol != flow.protocol || !same_port) return;
  ProbeResult& result = results_[*index];
  Arrival arrival{watcher.netns(), packet.source, packet.source_port};
  if (result.arrival) {
    result.also.push_back(std::move(arrival));
  } else {
    result.arrival = std::move(arrival);
  }
  progress_ = true;
}

void Run::on_reply(const Watcher& watcher, const SeenPacket& packet) {
  if (packet.protocol == kTcp) {
    if (const auto flow = tcp_reply(packet)) {
      note_reply(watcher, *flow, packet.tcp_flags & kTcpRst);
    }
  } else if (packet.protocol == kUdp) {
    if (const auto flow = udp_reply(watcher, packet)) note_reply(watcher, *flow, false);
  } else if (packet.icmp_type == kIcmpEchoReply) {
    const auto token = packet.token();
    const auto flow = token ? flow_of(*token) : std::nullopt;
    if (flow && flows_[*flow].destination == packet.source) note_reply(watcher, *flow, false);
  } else if (packet.icmp_type == kIcmpUnreachable && packet.icmp_code == kIcmpPortUnreachable) {
    if (const auto flow = refusal(packet)) note_reply(watcher, *flow, true);
  }
}

std::optional<size_t> Run::tcp_reply(const SeenPacket& packet) const {
  const bool answer =
      (packet.tcp_flags & (kTcpSyn | kTcpRst)) != 0 && (packet.tcp_flags & kTcpAck) != 0;
  const auto index = flow_of(packet.tcp_acknowledged - 1);
  if (!answer || !index) return std::nullopt;
  const ProbeFlow& flow = flows_[*index];
  const bool from_there = packet.source == flow.destination &&
                          packet.source_port == flow.destination_port &&
                          packet.destination_port == flow.source_port;
  return from_there ? index : std::nullopt;
}

std::optional<size_t> Run::udp_reply(const Watcher& watcher, const SeenPacket& packet) {
  const auto found = awaited_udp_.find(
      {watcher.netns(), packet.source, packet.source_port, packet.destination_port});
  if (found == awaited_udp_.end()) return std::nullopt;
  const size_t index = found->second;
  awaited_udp_.erase(found);  // equal flows have an answer each
  return index;
}

std::optional<size_t> Run::refusal(const SeenPacket& packet) const {
  const auto quoted = parse_packet(packet.payload);
  const auto token = quoted ? quoted->token() : std::nullopt;
  const auto index = token ? flow_of(*token) : std::nullopt;
  if (!index) return std::nullopt;
  const ProbeFlow& flow = flows_[*index];
  return quoted->protocol == flow.protocol && quoted->destination == flow.destination
             ? index
             : std::nullopt;
}

// What comes to another sender that has the same address is no answer.
void Run::note_reply(const Watcher& watcher, size_t flow, bool refused) {
  ProbeResult& result = results_[flow];
  if (result.replied || watcher.netns() != flows_[flow].netns) return;
  result.replied = true;
  result.refused = refused;
  --unanswered_;
  if (flows_[flow].protocol == kUdp) --datagrams_;
  progress_ = true;
}

}  // namespace

Result<std::vector<ProbeResult>> send(const std::vector<ProbeFlow>& flows,
                                      const std::vector<std::string>& watch,
                                      std::chrono::milliseconds patience) {
  RETURN_IF_ERROR(kernel::raise_fd_limit());
  Run run(flows);
  RETURN_IF_ERROR(run.open(watch));
  RETURN_IF_ERROR(run.send());
  RETURN_IF_ERROR(run.wait(patience));
  return std::move(run).results();
}

}  // namespace egress::probe
