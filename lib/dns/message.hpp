// SPDX-License-Identifier: MIT
#pragma once

// DNS messages (RFC 1035, EDNS of RFC 6891) as those who ask and those who answer need them. Bytes
// come from anybody: whatever they are, they are read or refused. Names in texts are lower case,
// without a final dot, with the escapes of RFC 1035 5.1; the root is empty.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "policy/names.hpp"

namespace egress::dns {

using Message = std::vector<uint8_t>;

enum class Transport { kUdp, kTcp };

// Of class IN.
struct Question {
  std::string name{};
  policy::RecordType type = policy::RecordType::kA;
  auto operator<=>(const Question&) const = default;
};

struct Query {
  uint16_t id = 0;
  Question question{};
  Message question_bytes{};  // the question section as it was asked, in its own case
  bool recursion_desired = false;
  bool checking_disabled = false;
  bool edns = false;
  uint16_t udp_size = 512;  // what the client takes, as it says
};

// Why a message is no query that can be answered.
enum class Refuse {
  kNothing,  // silence: a reply, or too short for an id
  kFormErr,  // not readable, bytes left over, not one question, two OPT records
  kNotImp,   // another operation than a query
  kRefused,  // another class than IN, zone transfers
  kBadVers,  // a later EDNS
};

std::variant<Query, Refuse> parse_query(std::span<const uint8_t> bytes);

// What says so to the sender of `query`; empty for kNothing.
Message refuse(std::span<const uint8_t> query, Refuse why);

// The most bytes that a datagram to this client may have: what it takes, but not less than 512 (RFC
// 1035 4.2.1) nor more than 1,232, which pass everywhere unfragmented.
size_t udp_limit(const Query& query);
inline constexpr size_t kTcpLimit = 65'535;
inline size_t reply_limit(const Query& query, Transport transport) {
  return transport == Transport::kUdp ? udp_limit(query) : kTcpLimit;
}

// What `answer` says; kForward is SERVFAIL, as nobody has been asked. Records that do not fit into
// `limit` are all left out, and the reply says that it is truncated (RFC 2181 9).
Message reply_to(const Query& query, const policy::NameAnswer& answer, size_t limit);
Message servfail(const Query& query);

struct Reply {
  uint16_t id = 0;
  Message question_bytes{};  // empty in an error that repeats no question
  int rcode = 0;
  bool truncated = false;
  std::vector<policy::Record> records{};  // answers of the types that policy knows
  uint32_t ttl = 0;                       // seconds; the shortest of all answers, 0 without any
  Message wire{};
};
// Nothing unless it is a reply with at most one question that can be read to its end; of a
// truncated one the question is enough.
std::optional<Reply> parse_reply(std::span<const uint8_t> bytes);

// With recursion desired. Empty when the name is none.
Message make_query(uint16_t id, const Question& question, bool edns);
Message question_bytes(const Question& question);

// What another server said, for the client of `query`: answers and authorities, times to live
// `age` seconds older, behind the aliases that led from the client's question to the server's.
struct PassedOn {
  const std::vector<policy::Record>& aliases;
  uint32_t age = 0;
};
Message pass_on(const Query& query, const Reply& reply, const PassedOn& how, size_t limit);

}  // namespace egress::dns
