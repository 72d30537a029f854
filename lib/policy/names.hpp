// SPDX-License-Identifier: MIT
#pragma once

// What Azure DNS says, which depends on the network that asks: private zones linked to it, the
// names that Azure provides, public DNS. One self-contained value and one pure function over it:
// the analysis and the resolver that answers real queries both use it. azure-facts 8.3.

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lab/lab.hpp"

namespace egress::policy {

// Numbers of the IANA registry. Any other number is carried as it is.
enum class RecordType : uint16_t {
  kA = 1,
  kNs = 2,
  kCname = 5,
  kSoa = 6,
  kPtr = 12,
  kHinfo = 13,
  kMx = 15,
  kTxt = 16,
  kAaaa = 28,
  kSrv = 33,
  kAny = 255
};

// Text is that of CNAME, NS, PTR, SOA (its primary server), TXT and HINFO (its CPU).
using RecordData =
    std::variant<Ipv4Address, Ipv6Address, std::string, lab::MxRecord, lab::SrvRecord>;

// Who knew.
struct AnswerSource {
  enum class Kind {
    kZone,       // a private zone, by the link of a network
    kPublic,     // public DNS, as the lab has it
    kProvided,   // names that Azure provides inside a network
    kServer,     // a server of the lab's own
    kForwarded,  // a real server
  };
  Kind kind = Kind::kPublic;
  std::string zone{};  // of kZone its key in the lab, of kServer the host
  std::string link{};  // of kZone and kProvided: the network's name
  bool operator==(const AnswerSource&) const = default;
  // "corp.internal/spoke", "publicDns", "azureProvided/spoke", "hosts/resolver",
  // "publicDns.forwardTo".
  std::string to_string() const;
};

struct Record {
  std::string name{};
  RecordType type = RecordType::kA;
  uint32_t ttl = 0;  // seconds
  RecordData data{};
  AnswerSource source{};
  bool operator==(const Record&) const = default;
};

enum class NameStatus {
  kNoError,
  kNxDomain,
  kServfail,
  kRefused,
  kForward,  // nothing here knows `forwarded`; real servers are to be asked
};

struct NameAnswer {
  NameStatus status = NameStatus::kNoError;
  std::vector<Record> records{};  // CNAMEs in their order, then what they lead to; none: no data
  // Of a negative answer: whose SOA comes with it, and its TTL (RFC 2308). Empty is the root.
  std::string negative_zone{};
  uint32_t negative_ttl = 0;
  AnswerSource decided_by{};
  std::string forwarded{};  // of kForward; `records` lead there
  bool redirected = false;  // a linked zone lacked the name, and its link asked public DNS instead
  bool operator==(const NameAnswer&) const = default;
};

// Compares from the last byte on, so that what lies under a name stands in one place.
struct FromTheEnd {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const {
    return std::lexicographical_compare(a.rbegin(), a.rend(), b.rbegin(), b.rend());
  }
};

// Names are lower case and without a final dot everywhere here.
struct Names {
  using Sets = std::map<std::string, lab::RecordSet, FromTheEnd>;  // by full name
  struct Zone {
    std::string key{};   // in the lab
    std::string name{};  // where it begins
    bool privatelink = false;
    Sets sets{};
    bool operator==(const Zone&) const = default;
  };
  struct Link {
    uint32_t zone = 0;  // in `zones`
    bool redirect = false;
    bool operator==(const Link&) const = default;
  };
  // What one network sees.
  struct View {
    std::string vnet{};
    std::vector<Link> links{};  // longest zone names first
    Sets provided{};            // what Azure provides: its machines, and back from their addresses
    bool operator==(const View&) const = default;
  };

  std::vector<Zone> zones{};
  std::vector<View> views{};  // in the order of the lab's networks
  Sets public_sets{};
  std::vector<Ipv4Address> forward_to{};
  bool operator==(const Names&) const = default;
};

// The addresses of private endpoints, by name.
using EndpointAddresses = lab::Named<Ipv4Address>;

// `view` is an index of `Names::views`; without one asks who is in no network.
NameAnswer answer(const Names& names, std::optional<uint32_t> view, std::string_view name,
                  RecordType type);

// What a DNS server of the lab's own, on `host`, says from its records alone; kForward for what it
// has to ask others about.
NameAnswer answer_from(const Names::Sets& own, const std::string& host, std::string_view name,
                       RecordType type);
Names::Sets sets_of(const lab::RecordSets& sets);  // of full names

// "A", "AAAA", "TYPE65".
std::string to_text(RecordType type);
std::optional<RecordType> record_type(std::string_view text);  // case does not count
// Its data as a zone file has it, but names without a final dot: "10 mail.corp.internal".
std::string data_text(const Record& record);

}  // namespace egress::policy
