// SPDX-License-Identifier: MIT
#include "probe/lookups.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <list>
#include <random>
#include <utility>

#include "compile/names.hpp"
#include "probe/sockets.hpp"

namespace egress::probe {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint16_t kDnsPort = 53;
constexpr int kUpstreamAttempts = 2;
constexpr size_t kLengthBytes = 2;                  // before each message on TCP (RFC 1035 4.2.2)
constexpr std::chrono::seconds kResolverSlack{2};   // beyond the time-outs that it keeps itself
constexpr Ipv4Address kResolverOfApps{0x7f00000b};  // 127.0.0.11, azure-facts 8.1.1

// One message to a server and what comes back on the same socket.
struct Exchange {
  size_t lookup = 0;
  size_t server = 0;
  bool tcp = false;
  UniqueFd fd{};
  dns::Message unsent{};
  dns::Message received{};  // with TCP
};

class Run {
 public:
  explicit Run(const std::vector<NameLookup>& asked);

  Status wait();
  std::vector<std::optional<dns::Reply>> replies() const;

 private:
  // Until when nothing happens unless a server says something; nothing once all is done.
  Result<std::optional<dns::TimePoint>> advance();
  Status begin(size_t lookup, dns::Lookup::Send send);
  Status poll_until(dns::TimePoint next);
  // Whether there may still come something.
  bool on_ready(Exchange& exchange);
  bool on_datagram(Exchange& exchange);
  bool on_stream(Exchange& exchange);
  bool failed(const Exchange& exchange);

  const std::vector<NameLookup>& asked_;
  std::vector<dns::Lookup> lookups_{};
  std::list<Exchange> exchanges_{};
};

Run::Run(const std::vector<NameLookup>& asked) : asked_(asked) {
  const auto random_id = [] { return static_cast<uint16_t>(std::random_device{}()); };
  for (const NameLookup& lookup : asked) {
    lookups_.emplace_back(lookup.plan, lookup.question, random_id, Clock::now());
  }
}

Status Run::wait() {
  while (true) {
    ASSIGN_OR_RETURN(const std::optional<dns::TimePoint> next, advance());
    if (!next) return {};
    RETURN_IF_ERROR(poll_until(*next));
  }
}

Result<std::optional<dns::TimePoint>> Run::advance() {
  std::optional<dns::TimePoint> next;
  for (size_t index = 0; index < lookups_.size(); ++index) {
    dns::Lookup& lookup = lookups_[index];
    lookup.on_time(Clock::now());
    for (dns::Lookup::Send& send : lookup.take_sends()) {
      RETURN_IF_ERROR(begin(index, std::move(send)));
    }
    const auto deadline = lookup.deadline();
    if (deadline) next = next ? std::min(*next, *deadline) : deadline;
  }
  exchanges_.remove_if([&](const Exchange& each) { return lookups_[each.lookup].done(); });
  return next;
}

Status Run::begin(size_t lookup, dns::Lookup::Send send) {
  const NameLookup& asked = asked_[lookup];
  Exchange exchange{.lookup = lookup, .server = send.server, .tcp = send.tcp || asked.tcp};
  ASSIGN_OR_RETURN(exchange.fd, open_socket(asked.netns, exchange.tcp ? SOCK_STREAM : SOCK_DGRAM));
  if (exchange.tcp) {
    const size_t size = send.bytes.size();
    exchange.unsent = {static_cast<uint8_t>(size >> 8U), static_cast<uint8_t>(size & 0xffU)};
  }
  exchange.unsent.insert(exchange.unsent.end(), send.bytes.begin(), send.bytes.end());
  const int error = start_connecting(exchange.fd.get(), asked.plan.servers[send.server], kDnsPort);
  if (error == 0 || error == EINPROGRESS) {
    exchanges_.push_back(std::move(exchange));
  } else {
    failed(exchange);
  }
  return {};
}

Status Run::poll_until(dns::TimePoint next) {
  std::vector<pollfd> waiting;
  for (const Exchange& exchange : exchanges_) {
    const short events = exchange.unsent.empty() ? POLLIN : POLLOUT;
    waiting.push_back({.fd = exchange.fd.get(), .events = events, .revents = 0});
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now()).count();
  const int ready = ::poll(waiting.data(), waiting.size(), left > 0 ? static_cast<int>(left) : 0);
  if (ready < 0 && errno != EINTR) return Error::from_errno("wait for name servers");
  if (ready <= 0) return {};
  auto exchange = exchanges_.begin();
  for (const pollfd& each : waiting) {
    const bool goes_on = each.revents == 0 || on_ready(*exchange);
    exchange = goes_on ? std::next(exchange) : exchanges_.erase(exchange);
  }
  return {};
}

bool Run::failed(const Exchange& exchange) {
  lookups_[exchange.lookup].on_unreachable(exchange.server);
  return false;
}

bool Run::on_ready(Exchange& exchange) {
  dns::Message& unsent = exchange.unsent;
  if (unsent.empty()) return exchange.tcp ? on_stream(exchange) : on_datagram(exchange);
  const ssize_t sent = ::send(exchange.fd.get(), unsent.data(), unsent.size(), MSG_NOSIGNAL);
  if (sent < 0) return errno == EAGAIN || errno == EINTR || failed(exchange);
  unsent.erase(unsent.begin(), unsent.begin() + sent);
  return true;
}

bool Run::on_datagram(Exchange& exchange) {
  std::array<uint8_t, dns::kTcpLimit> buffer;
  const ssize_t size = ::recv(exchange.fd.get(), buffer.data(), buffer.size(), 0);
  if (size < 0) return errno == EAGAIN || errno == EINTR || failed(exchange);
  lookups_[exchange.lookup].on_reply(
      exchange.server, std::span(buffer).first(static_cast<size_t>(size)), Clock::now());
  return true;
}

bool Run::on_stream(Exchange& exchange) {
  std::array<uint8_t, 4096> buffer;
  const ssize_t size = ::recv(exchange.fd.get(), buffer.data(), buffer.size(), 0);
  if (size < 0) return errno == EAGAIN || errno == EINTR || failed(exchange);
  if (size == 0) return failed(exchange);
  dns::Message& received = exchange.received;
  received.insert(received.end(), buffer.begin(), buffer.begin() + size);
  if (received.size() < kLengthBytes) return true;
  const size_t length = size_t{received[0]} << 8U | received[1];
  if (received.size() < kLengthBytes + length) return true;
  lookups_[exchange.lookup].on_reply(
      exchange.server, std::span(received).subspan(kLengthBytes, length), Clock::now());
  return false;
}

std::vector<std::optional<dns::Reply>> Run::replies() const {
  std::vector<std::optional<dns::Reply>> replies;
  for (const dns::Lookup& lookup : lookups_) replies.push_back(lookup.reply());
  return replies;
}

}  // namespace

NameLookup by_resolver(std::string netns, dns::Question question,
                       const policy::DnsSettings& settings) {
  const std::chrono::seconds patience(settings.attempts * settings.timeout_seconds);
  return {
      .netns = std::move(netns),
      .question = std::move(question),
      .plan = {.servers = {kResolverOfApps}, .attempts = 1, .timeout = patience + kResolverSlack}};
}

NameLookup by_servers(std::string netns, dns::Question question,
                      const policy::DnsSettings& settings) {
  return {.netns = std::move(netns),
          .question = std::move(question),
          .plan = {.servers = settings.servers,
                   .attempts = settings.attempts,
                   .timeout = std::chrono::seconds(settings.timeout_seconds)}};
}

inspect::LookupSeen seen_in(const std::optional<dns::Reply>& reply) {
  inspect::LookupSeen seen;
  if (!reply) return seen;
  seen.answered = true;
  seen.rcode = reply->rcode;
  seen.records = reply->records;
  for (const policy::Record& record : reply->records) {
    const auto* const address = std::get_if<Ipv4Address>(&record.data);
    if (address != nullptr) seen.addresses.push_back(*address);
  }
  return seen;
}

Result<std::vector<std::optional<dns::Reply>>> look_up(const std::vector<NameLookup>& lookups) {
  Run run(lookups);
  RETURN_IF_ERROR(run.wait());
  return run.replies();
}

std::optional<policy::LookupResult> ask_servers(const std::string& netns,
                                                const std::vector<Ipv4Address>& servers,
                                                const dns::Question& question) {
  const dns::LookupPlan plan{.servers = servers, .attempts = kUpstreamAttempts};
  const auto replies = look_up({{.netns = netns, .question = question, .plan = plan}});
  if (!replies.ok() || !replies->front()) return std::nullopt;
  const dns::Reply& reply = *replies->front();
  policy::LookupResult result{
      .status = reply.rcode == 0 ? policy::NameStatus::kNoError : policy::NameStatus::kNxDomain,
      .records = reply.records};
  for (policy::Record& record : result.records) {
    record.source = {.kind = policy::AnswerSource::Kind::kForwarded};
  }
  return result;
}

policy::AskUpstream ask_programs(const policy::Network& network, std::string prefix) {
  return [&network, prefix = std::move(prefix)](
             policy::Index machine, const std::string& name,
             policy::RecordType type) -> std::optional<policy::LookupResult> {
    if (machine != policy::kNowhere) {
      const policy::Interface& host = network.interfaces[machine];
      return ask_servers(compile::host_netns(prefix, host.name), {host.address}, {name, type});
    }
    const std::vector<Ipv4Address>& servers = network.situation.lab.public_dns.forward_to;
    if (servers.empty()) return std::nullopt;
    return ask_servers({}, servers, {name, type});
  };
}

}  // namespace egress::probe
