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

  Asking(uv::Loop& loop, const Clock& clock, Netns netns, const dns::LookupPlan& plan,
         const dns::Question& question, Done done)
      : loop_(loop),
        clock_(clock),
        netns_(std::move(netns)),
        servers_(plan.servers),
        lookup_(plan, question, random_id, clock.monotonic()),
        done_(std::move(done)),
        udp_(servers_.size()),
        tcp_(servers_.size()),
        timer_(loop, [this] { on_time(); }) {}

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
        auto& udp = udp_[send.server];
        if (udp == nullptr) {
          udp = std::make_unique<UdpExchange>(loop_, server, events(send.server));
        }
        udp->send(send.bytes);
      }
      return {};
    });
  }

  uv::Loop& loop_;
  const Clock& clock_;
  Netns netns_;
  std::vector<Ipv4Address> servers_;
  dns::Lookup lookup_;
  Done done_;
  std::vector<std::unique_ptr<UdpExchange>> udp_;  // by server
  std::vector<std::unique_ptr<TcpExchange>> tcp_;
  uv::Timer timer_;
};

Upstream::Upstream(uv::Loop& loop, const Clock& clock, LookupRoom& room)
    : loop_(loop), clock_(clock), room_(room) {}

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
      loop_, clock_, netns, plan, question,
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
