// SPDX-License-Identifier: MIT
#include "dns/message.hpp"

#include <algorithm>
#include <utility>

#include "dns/wire.hpp"

namespace egress::dns {
namespace {

using policy::NameStatus;
using policy::RecordType;

constexpr size_t kHeaderSize = LDNS_HEADER_SIZE;
constexpr uint16_t kUdpSize = 1'232;  // what fits into the smallest MTU of IPv6, unfragmented
constexpr uint8_t kBadVers = 16;      // its upper eight bits stand in OPT

using Records = std::vector<Ldns<ldns_rr>>;

// What can be read of a message, as far as it goes.
struct ReadMessage {
  struct Opt {
    uint16_t udp_size = 0;
    uint8_t rcode = 0;
    uint8_t version = 0;
  };
  std::optional<Question> question{};
  Message question_bytes{};
  uint16_t question_class = 0;
  std::optional<Opt> opt{};
  Records answers{};
  Records authorities{};
  bool whole = false;  // all that the header counts, nothing behind it, one OPT at most
};

class Reader {
 public:
  explicit Reader(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  // `bytes` hold a header.
  ReadMessage read() {
    const bool questions = count(0) == 0 || (count(0) == 1 && read_question());
    read_.whole = questions && read_section(LDNS_SECTION_ANSWER, count(1), read_.answers) &&
                  read_section(LDNS_SECTION_AUTHORITY, count(2), read_.authorities) &&
                  read_additional(count(3)) && at_ == bytes_.size();
    return std::move(read_);
  }

 private:
  size_t count(size_t section) const { return ldns_read_uint16(&bytes_[4 + 2 * section]); }

  // The name must stand there in full: what would a pointer point at?
  bool read_question() {
    ldns_rdf* found = nullptr;
    size_t end = kHeaderSize;
    if (ldns_wire2dname(&found, bytes_.data(), bytes_.size(), &end) != LDNS_STATUS_OK) {
      return false;
    }
    const Ldns<ldns_rdf> name(found);
    if (end - kHeaderSize != ldns_rdf_size(found) || bytes_.size() - end < 4) return false;
    read_.question = Question{.name = name_text(*found),
                              .type = static_cast<RecordType>(ldns_read_uint16(&bytes_[end]))};
    read_.question_class = ldns_read_uint16(&bytes_[end + 2]);
    at_ = end + 4;
    read_.question_bytes.assign(bytes_.begin() + kHeaderSize,
                                bytes_.begin() + static_cast<std::ptrdiff_t>(at_));
    return true;
  }

  Ldns<ldns_rr> next(ldns_pkt_section section) {
    ldns_rr* found = nullptr;
    const bool good =
        ldns_wire2rr(&found, bytes_.data(), bytes_.size(), &at_, section) == LDNS_STATUS_OK;
    return Ldns<ldns_rr>(good ? found : nullptr);
  }

  bool read_section(ldns_pkt_section section, size_t records, Records& into) {
    for (; records > 0; --records) {
      Ldns<ldns_rr> record = next(section);
      if (record == nullptr) return false;
      into.push_back(std::move(record));
    }
    return true;
  }

  bool read_additional(size_t records) {
    for (; records > 0; --records) {
      const Ldns<ldns_rr> record = next(LDNS_SECTION_ADDITIONAL);
      if (record == nullptr) return false;
      if (ldns_rr_get_type(record.get()) != LDNS_RR_TYPE_OPT) continue;
      if (read_.opt) return false;
      const uint32_t fields = ldns_rr_ttl(record.get());
      read_.opt =
          ReadMessage::Opt{.udp_size = static_cast<uint16_t>(ldns_rr_get_class(record.get())),
                           .rcode = static_cast<uint8_t>(fields >> 24U),
                           .version = static_cast<uint8_t>(fields >> 16U)};
    }
    return true;
  }

  std::span<const uint8_t> bytes_;
  size_t at_ = kHeaderSize;
  ReadMessage read_{};
};

Query query_of(std::span<const uint8_t> bytes, ReadMessage read) {
  return {.id = ldns_read_uint16(bytes.data()),
          .question = std::move(*read.question),
          .question_bytes = std::move(read.question_bytes),
          .recursion_desired = LDNS_RD_WIRE(bytes.data()) != 0,
          .checking_disabled = LDNS_CD_WIRE(bytes.data()) != 0,
          .edns = read.opt.has_value(),
          .udp_size = read.opt ? read.opt->udp_size : uint16_t{512}};
}

Message bytes_of(const ldns_pkt& packet) {
  const Ldns<ldns_buffer> buffer(ldns_buffer_new(LDNS_MIN_BUFLEN));
  if (buffer == nullptr || ldns_pkt2buffer_wire(buffer.get(), &packet) != LDNS_STATUS_OK) {
    return {};
  }
  const uint8_t* const begin = ldns_buffer_begin(buffer.get());
  return {begin, begin + ldns_buffer_position(buffer.get())};
}

void push(ldns_pkt& packet, ldns_pkt_section section, Records& records) {
  for (Ldns<ldns_rr>& record : records) ldns_pkt_push_rr(&packet, section, record.release());
  records.clear();
}

struct Content {
  int rcode = 0;
  bool truncated = false;
  Records answers{};
  Records authorities{};
};

// Recursion is always there; nothing is authoritative or authenticated, as a resolver's is not.
Message render(const Query& query, Content content) {
  const Ldns<ldns_pkt> packet(ldns_pkt_new());
  ldns_rr* question = nullptr;
  size_t at = 0;
  if (packet == nullptr ||
      ldns_wire2rr(&question, query.question_bytes.data(), query.question_bytes.size(), &at,
                   LDNS_SECTION_QUESTION) != LDNS_STATUS_OK) {
    return {};
  }
  ldns_pkt_push_rr(packet.get(), LDNS_SECTION_QUESTION, question);
  ldns_pkt_set_id(packet.get(), query.id);
  ldns_pkt_set_qr(packet.get(), true);
  ldns_pkt_set_tc(packet.get(), content.truncated);
  ldns_pkt_set_rd(packet.get(), query.recursion_desired);
  ldns_pkt_set_ra(packet.get(), true);
  ldns_pkt_set_cd(packet.get(), query.checking_disabled);
  ldns_pkt_set_rcode(packet.get(), static_cast<uint8_t>(content.rcode & 0xf));
  push(*packet, LDNS_SECTION_ANSWER, content.answers);
  push(*packet, LDNS_SECTION_AUTHORITY, content.authorities);
  if (query.edns) {
    ldns_pkt_set_edns_udp_size(packet.get(), kUdpSize);
    ldns_pkt_set_edns_extended_rcode(packet.get(), static_cast<uint8_t>(content.rcode >> 4));
  }
  return bytes_of(*packet);
}

Message render_within(const Query& query, Content content, size_t limit) {
  const int rcode = content.rcode;
  Message whole = render(query, std::move(content));
  if (whole.size() <= limit) return whole;
  return render(query, {.rcode = rcode, .truncated = true});
}

bool append(Records& records, const std::vector<policy::Record>& from) {
  for (const policy::Record& record : from) {
    Ldns<ldns_rr> made = to_ldns(record);
    if (made == nullptr) return false;
    records.push_back(std::move(made));
  }
  return true;
}

int rcode_of(NameStatus status) {
  switch (status) {
    case NameStatus::kNoError: return LDNS_RCODE_NOERROR;
    case NameStatus::kNxDomain: return LDNS_RCODE_NXDOMAIN;
    case NameStatus::kRefused: return LDNS_RCODE_REFUSED;
    case NameStatus::kServfail:
    case NameStatus::kForward: return LDNS_RCODE_SERVFAIL;
  }
  return LDNS_RCODE_SERVFAIL;
}

// The header alone: what stands behind it may mean anything.
Message bare_error(std::span<const uint8_t> query, uint8_t rcode) {
  constexpr uint8_t kRepeated = LDNS_OPCODE_MASK | LDNS_RD_MASK;
  Message reply(kHeaderSize);
  std::copy_n(query.begin(), 2, reply.begin());
  reply[2] = static_cast<uint8_t>(LDNS_QR_MASK | (query[2] & kRepeated));
  reply[3] = rcode;
  return reply;
}

bool is_transfer(RecordType type) {
  const auto number = static_cast<uint16_t>(type);
  return number == LDNS_RR_TYPE_AXFR || number == LDNS_RR_TYPE_IXFR;
}

}  // namespace

std::variant<Query, Refuse> parse_query(std::span<const uint8_t> bytes) {
  if (bytes.size() < kHeaderSize || LDNS_QR_WIRE(bytes.data()) != 0) return Refuse::kNothing;
  if (LDNS_OPCODE_WIRE(bytes.data()) != LDNS_PACKET_QUERY) return Refuse::kNotImp;
  ReadMessage read = Reader(bytes).read();
  if (!read.whole || !read.question) return Refuse::kFormErr;
  if (read.opt && read.opt->version > 0) return Refuse::kBadVers;
  if (read.question_class != LDNS_RR_CLASS_IN || is_transfer(read.question->type)) {
    return Refuse::kRefused;
  }
  return query_of(bytes, std::move(read));
}

Message refuse(std::span<const uint8_t> query, Refuse why) {
  switch (why) {
    case Refuse::kNothing: return {};
    case Refuse::kFormErr: return bare_error(query, LDNS_RCODE_FORMERR);
    case Refuse::kNotImp: return bare_error(query, LDNS_RCODE_NOTIMPL);
    case Refuse::kRefused:
      return render(query_of(query, Reader(query).read()), {.rcode = LDNS_RCODE_REFUSED});
    case Refuse::kBadVers:
      return render(query_of(query, Reader(query).read()), {.rcode = kBadVers});
  }
  return {};
}

size_t udp_limit(const Query& query) {
  return std::clamp<size_t>(query.udp_size, 512, kUdpSize);
}

Message reply_to(const Query& query, const policy::NameAnswer& answer, size_t limit) {
  Content content{.rcode = rcode_of(answer.status)};
  if (!append(content.answers, answer.records)) return servfail(query);
  if (answer.negative_ttl > 0) {
    Ldns<ldns_rr> soa = negative_soa(answer.negative_zone, answer.negative_ttl);
    if (soa == nullptr) return servfail(query);
    content.authorities.push_back(std::move(soa));
  }
  return render_within(query, std::move(content), limit);
}

Message servfail(const Query& query) {
  return render(query, {.rcode = LDNS_RCODE_SERVFAIL});
}

std::optional<Reply> parse_reply(std::span<const uint8_t> bytes) {
  if (bytes.size() < kHeaderSize || LDNS_QR_WIRE(bytes.data()) == 0 ||
      LDNS_OPCODE_WIRE(bytes.data()) != LDNS_PACKET_QUERY) {
    return std::nullopt;
  }
  ReadMessage read = Reader(bytes).read();
  const bool truncated = LDNS_TC_WIRE(bytes.data()) != 0;
  if (!read.whole && !(truncated && read.question)) return std::nullopt;
  if (read.question && read.question_class != LDNS_RR_CLASS_IN) return std::nullopt;
  const int extended = read.opt ? read.opt->rcode << 4 : 0;
  const int rcode = LDNS_RCODE_WIRE(bytes.data());
  Reply reply{.id = ldns_read_uint16(bytes.data()),
              .question_bytes = std::move(read.question_bytes),
              .rcode = extended | rcode,
              .truncated = truncated,
              .wire = Message(bytes.begin(), bytes.end())};
  for (const Ldns<ldns_rr>& record : read.answers) {
    const uint32_t ttl = ldns_rr_ttl(record.get());
    reply.ttl = record == read.answers.front() ? ttl : std::min(reply.ttl, ttl);
    if (auto known = from_ldns(*record)) reply.records.push_back(std::move(*known));
  }
  return reply;
}

// ldns would ask for addresses where the type is 0.
Message make_query(uint16_t id, const Question& question, bool edns) {
  const Message asked = question_bytes(question);
  if (asked.empty()) return {};
  Message query(kHeaderSize);
  ldns_write_uint16(query.data(), id);
  LDNS_RD_SET(query.data());
  query[5] = 1;
  query.insert(query.end(), asked.begin(), asked.end());
  if (edns) {
    query[11] = 1;
    constexpr uint8_t kOpt[] = {0, 0, LDNS_RR_TYPE_OPT, kUdpSize >> 8, kUdpSize & 0xff, 0, 0, 0, 0,
                                0, 0};
    query.insert(query.end(), std::begin(kOpt), std::end(kOpt));
  }
  return query;
}

Message question_bytes(const Question& question) {
  const Ldns<ldns_rdf> name = name_field(question.name);
  if (name == nullptr) return {};
  const uint8_t* const begin = ldns_rdf_data(name.get());
  Message bytes(begin, begin + ldns_rdf_size(name.get()));
  for (const auto field : {static_cast<uint16_t>(question.type), uint16_t{LDNS_RR_CLASS_IN}}) {
    bytes.push_back(static_cast<uint8_t>(field >> 8U));
    bytes.push_back(static_cast<uint8_t>(field));
  }
  return bytes;
}

Message pass_on(const Query& query, const Reply& reply, const PassedOn& how, size_t limit) {
  if (reply.truncated) return render(query, {.rcode = reply.rcode, .truncated = true});
  Content content{.rcode = reply.rcode};
  if (!append(content.answers, how.aliases)) return servfail(query);
  ReadMessage read = Reader(reply.wire).read();
  for (Records* const section : {&read.answers, &read.authorities}) {
    for (const Ldns<ldns_rr>& record : *section) {
      const uint32_t ttl = ldns_rr_ttl(record.get());
      ldns_rr_set_ttl(record.get(), ttl - std::min(ttl, how.age));
    }
  }
  std::move(read.answers.begin(), read.answers.end(), std::back_inserter(content.answers));
  content.authorities = std::move(read.authorities);
  return render_within(query, std::move(content), limit);
}

}  // namespace egress::dns
