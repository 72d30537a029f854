// SPDX-License-Identifier: MIT
#include "egress-dns/upstream.hpp"

#include <sys/random.h>

#include <chrono>
#include <utility>

#include "kernel/netns_scope.hpp"

namespace egress::resolver {
namespace {

constexpr size_t kMostLookups = 256;
constexpr size_t kMostWaiting = 4'096;

uint16_t random_id() {
  uint16_t id = 0;
  EG_CHECK(::getrandom(&id, sizeof id, 0) == sizeof id, "the kernel has random numbers");
  return id;
}

}  // namespace

// One lookup under way: its sockets and its timer.
class Upstream::Asking {
 public:
  using Done = std::function<void(const std::optional<dns::Reply>&)>;

  // From `ports`, unless it is null.
  Asking(uv::Loop& loop, const Clock& clock, Netns netns, SourcePorts* ports,
         const dns::LookupPlan& plan, const dns::Question& question, Done done)
      : loop_(loop),
        clock_(clock),
        netns_(std::move(netns)),
        ports_(ports),
        servers_(plan.servers),
        lookup_(plan, question, random_id, clock.monotonic()),
        done_(std::move(done)),
        udp_(servers_.size()),
        tcp_(servers_.size()),
        timer_(loop, [this] { on_time(); }) {}

  ~Asking() {
    for (size_t server = 0; server < udp_.size(); ++server) give_back_port_to(server);
  }
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;

  // Ends this object when the lookup is done; so do all that call it, as the last thing they do.
  void proceed() {
    if (lookup_.done()) {
      const Done done = std::move(done_);
      const std::optional<dns::Reply> reply = lookup_.reply();
      return done(reply);
    }
    send();
    const auto left = *lookup_.deadline() - clock_.monotonic();
    timer_.start(std::chrono::ceil<std::chrono::milliseconds>(left));
  }

 private:
  struct Datagrams {
    std::unique_ptr<UdpExchange> exchange{};
    SourcePorts::Port port{};
  };

  void on_time() {
    lookup_.on_time(clock_.monotonic());
    proceed();
  }

  ExchangeEvents events(size_t server) {
    return {.reply =
                [this, server](std::span<const uint8_t> bytes) {
                  lookup_.on_reply(server, bytes, clock_.monotonic());
                  proceed();
                },
            .unreachable =
                [this, server] {
                  lookup_.on_unreachable(server);
                  proceed();
                }};
  }

  // Where the namespace cannot be entered, the servers are silent.
  void send() {
    const auto sends = lookup_.take_sends();
    if (sends.empty()) return;
    (void)kernel::open_inside(netns_->get(), [&]() -> Status {
      for (const dns::Lookup::Send& send : sends) {
        const Ipv4Address server = servers_[send.server];
        if (send.tcp) {
          tcp_[send.server] =
              std::make_unique<TcpExchange>(loop_, server, send.bytes, events(send.server));
          continue;
        }
        Datagrams& udp = udp_[send.server];
        if (udp.exchange == nullptr) open(udp, send.server);
        udp.exchange->send(send.bytes);
      }
      return {};
    });
  }

  void open(Datagrams& udp, size_t server) {
    SourcePorts::Port port;
    if (ports_ != nullptr) port = ports_->take(servers_[server], clock_.monotonic());
    udp.exchange =
        std::make_unique<UdpExchange>(loop_, servers_[server], port.number, events(server));
    const bool again = udp.exchange->port() == port.number;
    udp.port = {.number = udp.exchange->port(), .since = again ? port.since : clock_.monotonic()};
  }

  void give_back_port_to(size_t server) {
    Datagrams& udp = udp_[server];
    if (ports_ == nullptr || udp.exchange == nullptr) return;
    udp.exchange.reset();  // so that the port is free
    ports_->give_back(servers_[server], udp.port);
  }

  uv::Loop& loop_;
  const Clock& clock_;
  Netns netns_;
  SourcePorts* ports_;
  std::vector<Ipv4Address> servers_;
  dns::Lookup lookup_;
  Done done_;
  std::vector<Datagrams> udp_;  // by server
  std::vector<std::unique_ptr<TcpExchange>> tcp_;
  uv::Timer timer_;
};

Upstream::Upstream(uv::Loop& loop, const Clock& clock, LookupRoom& room, Netns own)
    : loop_(loop), clock_(clock), room_(room), own_(std::move(own)) {}

Upstream::~Upstream() {
  room_.left += pending_.size();
}

void Upstream::ask(const Netns& netns, const dns::LookupPlan& plan, const dns::Question& question,
                   Waiter waiter) {
  if (waiting_ >= kMostWaiting) return;
  if (const auto present = pending_.find(question); present != pending_.end()) {
    ++waiting_;
    present->second.waiters.push_back(std::move(waiter));
    return;
  }
  if (pending_.size() >= kMostLookups || room_.left == 0) return;
  --room_.left;
  ++waiting_;
  Pending& pending = pending_[question];
  pending.waiters.push_back(std::move(waiter));
  pending.asking = std::make_unique<Asking>(
      loop_, clock_, netns, netns == own_ ? &ports_ : nullptr, plan, question,
      [this, question](const std::optional<dns::Reply>& reply) { end(question, reply); });
  pending.asking->proceed();
}

void Upstream::end(const dns::Question& question, const std::optional<dns::Reply>& reply) {
  const auto found = pending_.find(question);
  const Pending ended = std::move(found->second);
  pending_.erase(found);
  ++room_.left;
  waiting_ -= ended.waiters.size();
  for (const Waiter& waiter : ended.waiters) waiter(reply);
}

}  // namespace egress::resolver
