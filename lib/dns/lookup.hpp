// SPDX-License-Identifier: MIT
#pragma once

// One question to several servers, as a state machine over datagrams and a clock: whoever owns the
// sockets sends what it wants sent and tells what came. All servers are asked at once and the
// first in order counts, as App Service does it (azure-facts 8.2.1).

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/ip.hpp"
#include "dns/message.hpp"

namespace egress::dns {

using TimePoint = std::chrono::steady_clock::time_point;

struct LookupPlan {
  std::vector<Ipv4Address> servers{};
  int attempts = 5;
  std::chrono::milliseconds timeout{1'000};  // of an attempt
  // How long an answer waits for servers before it in order; zero: until the attempt's time-out.
  std::chrono::milliseconds grace{0};
  bool operator==(const LookupPlan&) const = default;
};

// An answer is NOERROR or NXDOMAIN. Any other code, or an unreachable port, is a certain failure of
// that server: nobody waits for it any longer in this attempt. Without a server left the lookup
// ends, otherwise the next attempt asks all again. An answer to an earlier attempt still counts.
class Lookup {
 public:
  Lookup(LookupPlan plan, Question question, std::function<uint16_t()> random_id, TimePoint now);

  struct Send {
    size_t server = 0;  // in the plan's order
    Message bytes{};
    bool tcp = false;  // on a connection of its own, as the answer did not fit a datagram
  };
  // What is to be sent by now; each once.
  std::vector<Send> take_sends();

  // Whatever came from that server's own socket or connection; only a reply to something sent to
  // it counts.
  void on_reply(size_t server, std::span<const uint8_t> bytes, TimePoint now);
  void on_unreachable(size_t server);
  void on_time(TimePoint now);

  // When on_time() has something to do; nothing once it is done.
  std::optional<TimePoint> deadline() const;
  bool done() const { return done_; }
  // What counts, once done; nothing: no server answered.
  const std::optional<Reply>& reply() const { return reply_; }

 private:
  struct Sent {
    uint16_t id = 0;
    bool edns = false;
    bool tcp = false;
    bool answered = false;
  };
  struct Server {
    std::vector<Sent> sent{};
    bool failed = false;  // for certain, in this attempt
    std::optional<Reply> reply{};
  };

  void begin_attempt(TimePoint now);
  void send(size_t server, bool edns, bool tcp);
  Sent* match(Server& server, const Reply& reply) const;
  void take(size_t server, Reply reply, TimePoint now);
  // Ends when nobody is waited for any longer.
  void settle();
  void finish();

  LookupPlan plan_;
  Question question_;
  Message question_bytes_;
  std::function<uint16_t()> random_id_;
  std::vector<Server> servers_;
  std::vector<Send> sends_{};
  int attempt_ = 0;
  TimePoint attempt_ends_{};
  std::optional<TimePoint> grace_ends_{};
  bool done_ = false;
  std::optional<Reply> reply_{};
};

}  // namespace egress::dns
