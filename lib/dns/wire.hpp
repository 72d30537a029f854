// SPDX-License-Identifier: MIT
#pragma once

// Names and records between ldns and values. For lib/dns alone: no other header names ldns.

// clang-format off
// Without it ldns defines bool, true and false as macros.
#include <stdbool.h>  // NOLINT(modernize-deprecated-headers)
#include <ldns/ldns.h>
// clang-format on

#include <memory>
#include <optional>
#include <string>

#include "policy/names.hpp"

namespace egress::dns {

struct LdnsDelete {
  void operator()(ldns_rr* record) const { ldns_rr_free(record); }
  void operator()(ldns_rdf* field) const { ldns_rdf_deep_free(field); }
  void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
  void operator()(ldns_buffer* buffer) const { ldns_buffer_free(buffer); }
};
template <typename T>
using Ldns = std::unique_ptr<T, LdnsDelete>;

// Lower case, escaped, without the final dot.
std::string name_text(const ldns_rdf& name);
// Null when the text is no domain name.
Ldns<ldns_rdf> name_field(const std::string& text);

// Null when a name in it is none, or its data is not of its type.
Ldns<ldns_rr> to_ldns(const policy::Record& record);
// Of class IN and a type that policy knows; its source is that of real servers.
std::optional<policy::Record> from_ldns(const ldns_rr& record);

// The SOA record that tells how long a negative answer about `zone` holds (RFC 2308).
Ldns<ldns_rr> negative_soa(const std::string& zone, uint32_t ttl);

}  // namespace egress::dns
