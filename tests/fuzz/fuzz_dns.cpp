// SPDX-License-Identifier: MIT

// libFuzzer's target over DNS messages, from both sides. An input is a byte that chooses who is
// asked and how, a query behind its length, and what happens to the lookup that the query may
// begin: replies, unreachable ports, time. Sanitizers, EG_CHECK, libFuzzer's limits of time and
// memory and the promises below decide whether an input is a finding.

#include <algorithm>
#include <cstdint>
#include <span>

#include "base/result.hpp"
#include "dns/cache.hpp"
#include "dns/lookup.hpp"
#include "dns/message.hpp"
#include "dns/name_server.hpp"

namespace egress::dns {
namespace {

using policy::NameAnswer;
using policy::NameStatus;
using policy::RecordType;

constexpr size_t kHeaderSize = 12;
constexpr size_t kServers = 2;
constexpr int kAttempts = 2;

class Input {
 public:
  explicit Input(std::span<const uint8_t> bytes) : rest_(bytes) {}
  bool empty() const { return rest_.empty(); }
  uint8_t byte() { return empty() ? uint8_t{0} : take(1)[0]; }
  std::span<const uint8_t> take(size_t size) {
    const auto taken = rest_.first(std::min(size, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  // Behind its length; 255 stands for all that is left.
  std::span<const uint8_t> piece() {
    const uint8_t size = byte();
    return take(size == 255 ? rest_.size() : size);
  }

 private:
  std::span<const uint8_t> rest_;
};

lab::RecordSet alias_of(const char* target) {
  lab::RecordSet set;
  set.cname = target;
  return set;
}

// Records of each type, sets that fit no datagram, aliases across zones and in a circle.
policy::Names make_names() {
  lab::RecordSet all{.ttl = 60,
                     .a = {{0x0a000004}},
                     .aaaa = {{{0x20, 0x01, 0x0d, 0xb8}}},
                     .txt = {"text", std::string(1'024, 'x')},
                     .ptr = {"host.corp.internal"},
                     .mx = {{10, "mail.corp.internal"}},
                     .srv = {{1, 2, 5'060, "sip.corp.internal"}}};
  lab::RecordSet many;
  for (uint32_t index = 0; index < 100; ++index) many.a.push_back({0x0a000000 + index});
  policy::Names names{
      .zones = {{.key = "corp",
                 .name = "corp.internal",
                 .sets = {{"corp.internal", all},
                          {"all.corp.internal", all},
                          {"*.wild.corp.internal", all},
                          {"many.corp.internal", many},
                          {"out.corp.internal", alias_of("www.example")},
                          {"circle.corp.internal", alias_of("ring.corp.internal")},
                          {"ring.corp.internal", alias_of("circle.corp.internal")}}},
                {.key = "privatelink.example",
                 .name = "privatelink.example",
                 .privatelink = true,
                 .sets = {{"db.privatelink.example", all}}}},
      .views = {{.vnet = "spoke", .links = {{.zone = 1, .redirect = true}, {.zone = 0}}},
                {.vnet = "hub"}},
      .public_sets = {{"www.example", alias_of("db.privatelink.example")}, {"a.example", all}}};
  return names;
}

NameServer make_server(unsigned role) {
  static const policy::Names names = make_names();
  static const policy::Names forwarding = [] {
    policy::Names made = make_names();
    made.forward_to = {{0x09090909}};
    return made;
  }();
  static const ServerRecords host = server_records(
      {.record_sets = {{"a.example", alias_of("b.example")}, {"c.example", alias_of("x")}}}, true);
  switch (role % 6) {
    case 0:
      return NameServer([](const std::string& name, RecordType) {
        return NameAnswer{.status = NameStatus::kForward, .forwarded = name};
      });
    case 1:
      return NameServer([](const std::string& name, RecordType type) {
        return server_answer(host, &forwarding, name, type);
      });
    case 2:
      return NameServer([](const std::string& name, RecordType type) {
        return policy::answer(names, std::nullopt, name, type);
      });
    default:
      return NameServer([role](const std::string& name, RecordType type) {
        return policy::answer(role % 2 == 0 ? names : forwarding, role % 6 == 3 ? 1U : 0U, name,
                              type);
      });
  }
}

// A reply of ours: readable, to this query, no longer than the client takes.
void check_reply(const Query& query, const Message& message, size_t limit) {
  const auto reply = parse_reply(message);
  EG_CHECK(reply && reply->id == query.id, "a reply is readable and has the id of its query");
  EG_CHECK(reply->question_bytes == query.question_bytes, "a reply repeats the question");
  EG_CHECK(message.size() <= limit, "a reply is no longer than the client takes");
}

void check_refusal(std::span<const uint8_t> query, const Message& message) {
  const bool silent = query.size() < kHeaderSize || (query[2] & 0x80) != 0;
  EG_CHECK(message.empty() == silent, "there is silence for what has no id or is a reply");
  if (silent) return;
  const auto header = std::span(message).first(kHeaderSize);
  EG_CHECK(header[0] == query[0] && header[1] == query[1], "a refusal has the id of its query");
  EG_CHECK((header[2] & 0x80) != 0 && (header[3] & 0xf) + header[11] != 0,
           "and says that it is one");
}

void check_query(const Query& query) {
  const auto again = parse_query(make_query(query.id, query.question, query.edns));
  EG_CHECK(
      std::holds_alternative<Query>(again) && std::get<Query>(again).question == query.question,
      "what was asked can be asked of others");
}

// What a server might say to `sent`: its id and question, and the rest as it comes.
Message reply_around(const Message& sent, const Question& question, Input& input) {
  Message reply(sent.begin(), sent.begin() + 2);
  const auto rest_of_header = input.take(kHeaderSize - 2);
  reply.insert(reply.end(), rest_of_header.begin(), rest_of_header.end());
  reply.resize(kHeaderSize);
  reply[2] |= 0x80;
  const Message asked = question_bytes(question);
  reply.insert(reply.end(), asked.begin(), asked.end());
  const auto records = input.piece();
  reply.insert(reply.end(), records.begin(), records.end());
  return reply;
}

void look_up(const Forward& forward, size_t limit, Input& input) {
  TimePoint now{};
  uint16_t id = 0;
  Lookup lookup(
      {.servers = {{1}, {2}}, .attempts = kAttempts}, forward.question, [&id] { return ++id; },
      now);
  std::vector<Message> last(kServers);
  const auto send = [&] {
    for (Lookup::Send& each : lookup.take_sends()) last.at(each.server) = std::move(each.bytes);
  };
  send();
  for (int step = 0; step < 64 && !input.empty() && !lookup.done(); ++step, send()) {
    const uint8_t what = input.byte();
    const size_t server = what % kServers;
    switch (what / kServers % 4) {
      case 0: lookup.on_reply(server, input.piece(), now); break;
      case 1:
        lookup.on_reply(server, reply_around(last[server], forward.question, input), now);
        break;
      case 2: lookup.on_unreachable(server); break;
      default: now = *lookup.deadline(); lookup.on_time(now);
    }
  }
  for (int attempt = 0; attempt < kAttempts && !lookup.done(); ++attempt) {
    now = *lookup.deadline();
    lookup.on_time(now);
  }
  EG_CHECK(lookup.done(), "a lookup ends by its deadlines");
  if (!lookup.reply()) return check_reply(forward.query, servfail(forward.query), limit);
  check_reply(forward.query,
              pass_on(forward.query, *lookup.reply(), {.aliases = forward.aliases}, limit), limit);
  Cache cache;
  cache.keep(forward.question, *lookup.reply(), std::chrono::seconds(30), now);
  if (const auto hit = cache.find(forward.question, now + std::chrono::seconds(1))) {
    EG_CHECK(hit->age < hit->reply.ttl, "nothing is kept beyond its time");
  }
}

void try_input(Input input) {
  const uint8_t choice = input.byte();
  const Transport transport = choice % 2 == 0 ? Transport::kUdp : Transport::kTcp;
  const auto bytes = input.piece();
  const auto answered = make_server(choice / 2).answer(bytes, transport);
  const auto parsed = parse_query(bytes);
  const auto* const query = std::get_if<Query>(&parsed);
  if (query != nullptr) check_query(*query);
  if (const auto* const forward = std::get_if<Forward>(&answered)) {
    return look_up(*forward, reply_limit(*query, transport), input);
  }
  const auto& message = std::get<Message>(answered);
  if (query == nullptr) return check_refusal(bytes, message);
  check_reply(*query, message, reply_limit(*query, transport));
}

}  // namespace
}  // namespace egress::dns

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  egress::dns::try_input(egress::dns::Input({data, size}));
  return 0;
}
