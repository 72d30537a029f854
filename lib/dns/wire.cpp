// SPDX-License-Identifier: MIT
#include "dns/wire.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace egress::dns {
namespace {

using policy::Record;
using policy::RecordType;

// What Azure writes into the SOA of a private zone.
constexpr const char* kPrimary = "azureprivatedns.net";
constexpr const char* kMailbox = "azureprivatedns-host.microsoft.com";
constexpr uint32_t kSerial = 1;
constexpr uint32_t kRefreshSeconds = 3'600;
constexpr uint32_t kRetrySeconds = 300;
constexpr uint32_t kExpireSeconds = 2'419'200;
constexpr uint32_t kMinimumSeconds = 10;

constexpr size_t kLongestString = 255;  // a character-string, RFC 1035 3.3

// Takes fields as long as all of them could be made.
class Fields {
 public:
  explicit Fields(ldns_rr* record) : record_(record) {}

  void add(ldns_rdf* field) {
    if (field == nullptr) {
      complete_ = false;
    } else {
      ldns_rr_push_rdf(record_, field);
    }
  }
  void add_name(const std::string& text) { add(name_field(text).release()); }
  void add_number(int number) {
    add(ldns_native2rdf_int16(LDNS_RDF_TYPE_INT16, static_cast<uint16_t>(number)));
  }
  void add_seconds(uint32_t seconds) { add(ldns_native2rdf_int32(LDNS_RDF_TYPE_INT32, seconds)); }
  // As many character-strings as it takes.
  void add_text(std::string_view text) {
    do {
      const std::string_view part = text.substr(0, kLongestString);
      std::string string(1, static_cast<char>(part.size()));
      string += part;
      add(ldns_rdf_new_frm_data(LDNS_RDF_TYPE_STR, string.size(), string.data()));
      text.remove_prefix(part.size());
    } while (!text.empty());
  }
  void add_soa(const std::string& primary, uint32_t minimum) {
    add_name(primary);
    add_name(kMailbox);
    for (const uint32_t number :
         {kSerial, kRefreshSeconds, kRetrySeconds, kExpireSeconds, minimum}) {
      add_seconds(number);
    }
  }
  bool complete() const { return complete_; }

 private:
  ldns_rr* record_;
  bool complete_ = true;
};

void add_data(Fields& fields, RecordType /*type*/, Ipv4Address address) {
  const std::array<uint8_t, 4> bytes = {
      static_cast<uint8_t>(address.bits >> 24U), static_cast<uint8_t>(address.bits >> 16U),
      static_cast<uint8_t>(address.bits >> 8U), static_cast<uint8_t>(address.bits)};
  fields.add(ldns_rdf_new_frm_data(LDNS_RDF_TYPE_A, bytes.size(), bytes.data()));
}

void add_data(Fields& fields, RecordType /*type*/, const Ipv6Address& address) {
  fields.add(
      ldns_rdf_new_frm_data(LDNS_RDF_TYPE_AAAA, address.octets.size(), address.octets.data()));
}

void add_data(Fields& fields, RecordType type, const std::string& text) {
  if (type == RecordType::kTxt) {
    fields.add_text(text);
  } else if (type == RecordType::kHinfo) {
    fields.add_text(text);
    fields.add_text({});
  } else if (type == RecordType::kSoa) {
    fields.add_soa(text, kMinimumSeconds);
  } else {
    fields.add_name(text);
  }
}

void add_data(Fields& fields, RecordType /*type*/, const lab::MxRecord& mx) {
  fields.add_number(mx.preference);
  fields.add_name(mx.exchange);
}

void add_data(Fields& fields, RecordType /*type*/, const lab::SrvRecord& srv) {
  for (const int number : {srv.priority, srv.weight, srv.port}) fields.add_number(number);
  fields.add_name(srv.target);
}

bool holds(RecordType type, const policy::RecordData& data) {
  switch (type) {
    case RecordType::kA: return std::holds_alternative<Ipv4Address>(data);
    case RecordType::kAaaa: return std::holds_alternative<Ipv6Address>(data);
    case RecordType::kMx: return std::holds_alternative<lab::MxRecord>(data);
    case RecordType::kSrv: return std::holds_alternative<lab::SrvRecord>(data);
    case RecordType::kNs:
    case RecordType::kCname:
    case RecordType::kSoa:
    case RecordType::kPtr:
    case RecordType::kHinfo:
    case RecordType::kTxt: return std::holds_alternative<std::string>(data);
    case RecordType::kAny: return false;
  }
  return false;
}

// A record without data; null when its name is none.
Ldns<ldns_rr> begin_record(const std::string& name, RecordType type, uint32_t ttl) {
  Ldns<ldns_rdf> owner = name_field(name);
  if (owner == nullptr) return nullptr;
  Ldns<ldns_rr> record(ldns_rr_new());
  if (record == nullptr) return nullptr;
  ldns_rr_set_owner(record.get(), owner.release());
  ldns_rr_set_type(record.get(), static_cast<ldns_rr_type>(type));
  ldns_rr_set_class(record.get(), LDNS_RR_CLASS_IN);
  ldns_rr_set_ttl(record.get(), ttl);
  return record;
}

const ldns_rdf* field(const ldns_rr& record, size_t index) {
  return index < ldns_rr_rd_count(&record) ? ldns_rr_rdf(&record, index) : nullptr;
}

std::optional<int> number_at(const ldns_rr& record, size_t index) {
  const ldns_rdf* const found = field(record, index);
  if (found == nullptr || ldns_rdf_size(found) != sizeof(uint16_t)) return std::nullopt;
  return ldns_rdf2native_int16(found);
}

std::optional<std::string> name_at(const ldns_rr& record, size_t index) {
  const ldns_rdf* const found = field(record, index);
  if (found == nullptr || ldns_rdf_get_type(found) != LDNS_RDF_TYPE_DNAME) return std::nullopt;
  return name_text(*found);
}

// The character-strings among the first `count` fields, joined.
std::string text_of(const ldns_rr& record, size_t count) {
  std::string text;
  for (size_t index = 0; index < std::min(count, ldns_rr_rd_count(&record)); ++index) {
    const ldns_rdf& string = *ldns_rr_rdf(&record, index);
    if (ldns_rdf_size(&string) == 0) continue;
    text.append(reinterpret_cast<const char*>(ldns_rdf_data(&string)) + 1,
                ldns_rdf_size(&string) - 1);
  }
  return text;
}

std::optional<policy::RecordData> address_of(const ldns_rr& record, size_t size) {
  const ldns_rdf* const found = field(record, 0);
  if (found == nullptr || ldns_rdf_size(found) != size) return std::nullopt;
  const uint8_t* const bytes = ldns_rdf_data(found);
  if (size == 4) return Ipv4Address{ldns_read_uint32(bytes)};
  Ipv6Address address;
  std::copy_n(bytes, address.octets.size(), address.octets.begin());
  return address;
}

std::optional<policy::RecordData> data_of(const ldns_rr& record) {
  switch (static_cast<RecordType>(ldns_rr_get_type(&record))) {
    case RecordType::kA: return address_of(record, 4);
    case RecordType::kAaaa: return address_of(record, 16);
    case RecordType::kTxt: return text_of(record, ldns_rr_rd_count(&record));
    case RecordType::kHinfo: return text_of(record, 1);
    case RecordType::kNs:
    case RecordType::kCname:
    case RecordType::kSoa:
    case RecordType::kPtr: return name_at(record, 0);
    case RecordType::kMx: {
      const auto preference = number_at(record, 0);
      const auto exchange = name_at(record, 1);
      if (!preference || !exchange) return std::nullopt;
      return lab::MxRecord{*preference, *exchange};
    }
    case RecordType::kSrv: {
      const auto priority = number_at(record, 0);
      const auto weight = number_at(record, 1);
      const auto port = number_at(record, 2);
      const auto target = name_at(record, 3);
      if (!priority || !weight || !port || !target) return std::nullopt;
      return lab::SrvRecord{*priority, *weight, *port, *target};
    }
    case RecordType::kAny: return std::nullopt;
  }
  return std::nullopt;
}

void append_letter(std::string& text, uint8_t letter) {
  if (letter >= 'A' && letter <= 'Z') {
    text += static_cast<char>(letter - 'A' + 'a');
  } else if (letter <= ' ' || letter >= 0x7f) {
    text += '\\';
    for (const int digit : {letter / 100, letter / 10 % 10, letter % 10}) {
      text += static_cast<char>('0' + digit);
    }
  } else {
    if (letter == '.' || letter == '\\') text += '\\';
    text += static_cast<char>(letter);
  }
}

}  // namespace

std::string name_text(const ldns_rdf& name) {
  std::string text;
  const uint8_t* const bytes = ldns_rdf_data(&name);
  const size_t size = ldns_rdf_size(&name);
  for (size_t at = 0; at < size && bytes[at] != 0; at += 1U + bytes[at]) {
    if (at != 0) text += '.';
    for (size_t letter = at + 1; letter <= at + bytes[at] && letter < size; ++letter) {
      append_letter(text, bytes[letter]);
    }
  }
  return text;
}

Ldns<ldns_rdf> name_field(const std::string& text) {
  if (text.find('\0') != std::string::npos) return nullptr;
  return Ldns<ldns_rdf>(ldns_dname_new_frm_str(text.empty() ? "." : text.c_str()));
}

Ldns<ldns_rr> to_ldns(const Record& record) {
  if (!holds(record.type, record.data)) return nullptr;
  Ldns<ldns_rr> made = begin_record(record.name, record.type, record.ttl);
  if (made == nullptr) return nullptr;
  Fields fields(made.get());
  std::visit([&](const auto& data) { add_data(fields, record.type, data); }, record.data);
  return fields.complete() ? std::move(made) : nullptr;
}

std::optional<Record> from_ldns(const ldns_rr& record) {
  if (ldns_rr_get_class(&record) != LDNS_RR_CLASS_IN) return std::nullopt;
  std::optional<policy::RecordData> data = data_of(record);
  if (!data) return std::nullopt;
  return Record{.name = name_text(*ldns_rr_owner(&record)),
                .type = static_cast<RecordType>(ldns_rr_get_type(&record)),
                .ttl = ldns_rr_ttl(&record),
                .data = std::move(*data),
                .source = {.kind = policy::AnswerSource::Kind::kForwarded}};
}

Ldns<ldns_rr> negative_soa(const std::string& zone, uint32_t ttl) {
  Ldns<ldns_rr> made = begin_record(zone, RecordType::kSoa, ttl);
  if (made == nullptr) return nullptr;
  Fields(made.get()).add_soa(kPrimary, ttl);
  return made;
}

}  // namespace egress::dns
