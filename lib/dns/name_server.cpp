// SPDX-License-Identifier: MIT
#include "dns/name_server.hpp"

namespace egress::dns {

using policy::NameAnswer;
using policy::NameStatus;

std::variant<Message, Forward> NameServer::answer(std::span<const uint8_t> message,
                                                  Transport transport) const {
  std::variant<Query, Refuse> parsed = parse_query(message);
  if (const auto* const why = std::get_if<Refuse>(&parsed)) return refuse(message, *why);
  Query& query = std::get<Query>(parsed);
  NameAnswer decided = decide_(query.question.name, query.question.type);
  if (decided.status != NameStatus::kForward) {
    return reply_to(query, decided, reply_limit(query, transport));
  }
  Question question{.name = std::move(decided.forwarded), .type = query.question.type};
  return Forward{.query = std::move(query),
                 .question = std::move(question),
                 .aliases = std::move(decided.records)};
}

ServerRecords server_records(const lab::DnsServer& server, bool in_internet) {
  return {.own = policy::sets_of(server.record_sets),
          .forwards = !server.forward_to.empty(),
          .in_internet = in_internet};
}

NameAnswer server_answer(const ServerRecords& server, const policy::Names* names,
                         const std::string& name, policy::RecordType type) {
  NameAnswer own = policy::answer_from(server.own, {}, name, type);
  if (own.status != NameStatus::kForward || server.forwards) return own;
  if (!server.in_internet) return {.status = NameStatus::kRefused};
  if (names == nullptr) return {.status = NameStatus::kServfail};
  NameAnswer rest = policy::answer(*names, std::nullopt, own.forwarded, type);
  rest.records.insert(rest.records.begin(), own.records.begin(), own.records.end());
  return rest;
}

}  // namespace egress::dns
