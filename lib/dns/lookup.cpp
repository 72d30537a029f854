// SPDX-License-Identifier: MIT
#include "dns/lookup.hpp"

#include <algorithm>
#include <utility>

namespace egress::dns {
namespace {

// RFC 1035 4.1.1.
constexpr int kNoError = 0;
constexpr int kFormErr = 1;
constexpr int kNxDomain = 3;
constexpr int kNotImp = 4;

bool is_answer(const Reply& reply) {
  return reply.rcode == kNoError || reply.rcode == kNxDomain;
}

}  // namespace

Lookup::Lookup(LookupPlan plan, Question question, std::function<uint16_t()> random_id,
               TimePoint now)
    : plan_(std::move(plan)),
      question_(std::move(question)),
      question_bytes_(dns::question_bytes(question_)),
      random_id_(std::move(random_id)),
      servers_(plan_.servers.size()) {
  if (servers_.empty() || question_bytes_.empty()) {
    done_ = true;
  } else {
    begin_attempt(now);
  }
}

std::vector<Lookup::Send> Lookup::take_sends() {
  return std::exchange(sends_, {});
}

void Lookup::begin_attempt(TimePoint now) {
  ++attempt_;
  attempt_ends_ = now + plan_.timeout;
  for (size_t server = 0; server < servers_.size(); ++server) {
    servers_[server].failed = false;
    send(server, true, false);
  }
}

void Lookup::send(size_t server, bool edns, bool tcp) {
  const uint16_t id = random_id_();
  servers_[server].sent.push_back({.id = id, .edns = edns, .tcp = tcp});
  sends_.push_back({.server = server, .bytes = make_query(id, question_, edns), .tcp = tcp});
}

// The same id may have been drawn twice: the later one counts. Errors may leave the question out.
Lookup::Sent* Lookup::match(Server& server, const Reply& reply) const {
  const bool error_alone =
      reply.question_bytes.empty() && (reply.rcode == kFormErr || reply.rcode == kNotImp);
  if (!error_alone && reply.question_bytes != question_bytes_) return nullptr;
  const auto found = std::find_if(server.sent.rbegin(), server.sent.rend(), [&](const Sent& sent) {
    return sent.id == reply.id && !sent.answered;
  });
  return found == server.sent.rend() ? nullptr : &*found;
}

void Lookup::on_reply(size_t server, std::span<const uint8_t> bytes, TimePoint now) {
  if (done_) return;
  std::optional<Reply> reply = parse_reply(bytes);
  if (!reply) return;
  Sent* const sent = match(servers_[server], *reply);
  if (sent == nullptr) return;
  sent->answered = true;
  const Sent answered = *sent;
  if (reply->truncated && !answered.tcp) {
    send(server, answered.edns, true);
  } else if (reply->rcode == kFormErr && answered.edns) {
    send(server, false, answered.tcp);
  } else if (is_answer(*reply)) {
    take(server, std::move(*reply), now);
  } else {
    on_unreachable(server);
  }
}

void Lookup::take(size_t server, Reply reply, TimePoint now) {
  if (!servers_[server].reply) servers_[server].reply = std::move(reply);
  if (plan_.grace.count() > 0 && !grace_ends_) grace_ends_ = now + plan_.grace;
  settle();
}

void Lookup::on_unreachable(size_t server) {
  if (done_) return;
  servers_[server].failed = true;
  settle();
}

void Lookup::settle() {
  for (const Server& server : servers_) {
    if (server.reply) return finish();
    if (!server.failed) return;
  }
  finish();
}

void Lookup::finish() {
  done_ = true;
  sends_.clear();
  for (Server& server : servers_) {
    if (!server.reply) continue;
    reply_ = std::move(server.reply);
    return;
  }
}

void Lookup::on_time(TimePoint now) {
  const auto due = deadline();
  if (!due || now < *due) return;
  const bool answered = std::any_of(servers_.begin(), servers_.end(),
                                    [](const Server& server) { return server.reply.has_value(); });
  if (answered || attempt_ >= plan_.attempts) return finish();
  begin_attempt(now);
}

std::optional<TimePoint> Lookup::deadline() const {
  if (done_) return std::nullopt;
  return grace_ends_ ? std::min(*grace_ends_, attempt_ends_) : attempt_ends_;
}

}  // namespace egress::dns
