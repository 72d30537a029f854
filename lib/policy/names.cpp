// SPDX-License-Identifier: MIT
#include "policy/names.hpp"

#include <fmt/format.h>

#include <set>

#include "base/number.hpp"
#include "lab/domain_name.hpp"
#include "lab/suggest.hpp"

namespace egress::policy {
namespace {

constexpr size_t kMostAliases = 16;
// How long a negative answer holds: the minimum of a private zone's SOA as Azure makes it, and a
// short time for public names, which have no zones here.
constexpr uint32_t kPrivateNegativeTtl = 10;
constexpr uint32_t kPublicNegativeTtl = 60;
// What the apex of a private zone says of itself.
constexpr uint32_t kApexTtl = 3600;
constexpr const char* kPrivateNameServer = "azureprivatedns.net";

// Without its first label; the root is empty.
std::string_view parent(std::string_view name) {
  const size_t dot = name.find('.');
  return dot == std::string_view::npos ? std::string_view{} : name.substr(dot + 1);
}

// Some name under `name` has records, so that it exists without having any (RFC 4592, 2.2.2).
bool has_names_below(const Names::Sets& sets, std::string_view name) {
  const std::string below = fmt::format(".{}", name);
  const auto first = sets.lower_bound(below);
  return first != sets.end() && std::string_view(first->first).ends_with(below);
}

struct Found {
  bool exists = false;
  const lab::RecordSet* set = nullptr;  // null: a name without records
};

// As RFC 4592 has it: the name's own records, else none if it exists, else those of the wildcard
// under its closest ancestor that exists.
Found find_in(const Names::Sets& sets, std::string_view name, std::string_view apex) {
  if (const auto own = sets.find(name); own != sets.end()) return {true, &own->second};
  if (name == apex || has_names_below(sets, name)) return {true, nullptr};
  while (name != apex) {
    name = parent(name);
    const auto wildcard = sets.find(name.empty() ? "*" : fmt::format("*.{}", name));
    if (wildcard != sets.end()) return {true, &wildcard->second};
    if (sets.contains(name) || has_names_below(sets, name)) return {};
  }
  return {};
}

template <typename Data>
void append(std::vector<Record>& records, const Record& like, const std::vector<Data>& all) {
  for (const Data& data : all) {
    Record& added = records.emplace_back(like);
    added.data = data;
  }
}

// The records of a set that a question of this type wants; CNAMEs are the caller's.
void append_of_type(std::vector<Record>& records, const Record& like, const lab::RecordSet& set) {
  switch (like.type) {
    case RecordType::kA: append(records, like, set.a); break;
    case RecordType::kAaaa: append(records, like, set.aaaa); break;
    case RecordType::kTxt: append(records, like, set.txt); break;
    case RecordType::kPtr: append(records, like, set.ptr); break;
    case RecordType::kMx: append(records, like, set.mx); break;
    case RecordType::kSrv: append(records, like, set.srv); break;
    case RecordType::kCname:
      if (set.cname) append(records, like, std::vector{*set.cname});
      break;
    // RFC 8482: nobody is told all that a name has.
    case RecordType::kAny:
      records.push_back({like.name, RecordType::kHinfo, like.ttl, "RFC8482", like.source});
      break;
    case RecordType::kNs:
    case RecordType::kSoa:
    case RecordType::kHinfo: break;
  }
}

// Records that belong to no zone, and who is asked for what they lack.
struct Rootless {
  const Names::Sets& sets;
  AnswerSource source{};
  bool forwards = false;
  AnswerSource forwarded{};
};

class Question {
 public:
  // Without a view `names` is not looked at.
  Question(const Names* names, const Names::View* view, Rootless rest, RecordType type)
      : names_(names), view_(view), rest_(std::move(rest)), type_(type) {}

  NameAnswer ask(std::string name) && {
    std::set<std::string, std::less<>> asked;
    std::optional<std::string> next = std::move(name);
    while (next) {
      if (asked.size() > kMostAliases || !asked.insert(*next).second) {
        return {.status = NameStatus::kServfail, .decided_by = answer_.decided_by};
      }
      next = follow(*next);
    }
    return std::move(answer_);
  }

 private:
  // Whose data are looked at.
  struct Authority {
    std::string_view apex{};
    uint32_t negative_ttl = 0;
    AnswerSource source{};
  };

  // The name that this one is an alias of; nothing when the answer is whole.
  std::optional<std::string> follow(const std::string& name) {
    if (const Names::Link* link = link_for(name)) return ask_zone(*link, name);
    if (view_ != nullptr) {
      if (const auto own = view_->provided.find(name); own != view_->provided.end()) {
        return take(name, &own->second,
                    {parent(name),
                     kPrivateNegativeTtl,
                     {.kind = AnswerSource::Kind::kProvided, .link = view_->vnet}});
      }
    }
    return ask_rootless(name);
  }

  const Names::Link* link_for(std::string_view name) const {
    if (view_ == nullptr) return nullptr;
    const auto link =
        std::find_if(view_->links.begin(), view_->links.end(), [&](const Names::Link& each) {
          return lab::lies_in_zone(name, names_->zones[each.zone].name);
        });
    return link == view_->links.end() ? nullptr : &*link;
  }

  std::optional<std::string> ask_zone(const Names::Link& link, const std::string& name) {
    const Names::Zone& zone = names_->zones[link.zone];
    const Authority authority{
        zone.name, kPrivateNegativeTtl, {AnswerSource::Kind::kZone, zone.key, view_->vnet}};
    if (name == zone.name && (type_ == RecordType::kSoa || type_ == RecordType::kNs)) {
      answer_.decided_by = authority.source;
      answer_.records.push_back({name, type_, kApexTtl, kPrivateNameServer, authority.source});
      return std::nullopt;
    }
    const Found found = find_in(zone.sets, name, zone.name);
    if (found.exists) return take(name, found.set, authority);
    // azure-facts 8.3.3.
    const bool redirects =
        link.redirect && zone.privatelink &&
        (type_ == RecordType::kA || type_ == RecordType::kAaaa || type_ == RecordType::kCname);
    if (!redirects) return say_nothing(NameStatus::kNxDomain, authority);
    answer_.redirected = true;
    return ask_rootless(name);
  }

  std::optional<std::string> ask_rootless(const std::string& name) {
    const Authority authority{{}, kPublicNegativeTtl, rest_.source};
    const Found found = find_in(rest_.sets, name, {});
    // What lies above these names is anybody's.
    if (found.set != nullptr || (found.exists && !rest_.forwards)) {
      return take(name, found.set, authority);
    }
    if (!rest_.forwards) return say_nothing(NameStatus::kNxDomain, authority);
    answer_.status = NameStatus::kForward;
    answer_.decided_by = rest_.forwarded;
    answer_.forwarded = name;
    return std::nullopt;
  }

  std::optional<std::string> take(const std::string& name, const lab::RecordSet* set,
                                  const Authority& authority) {
    if (set == nullptr) return say_nothing(NameStatus::kNoError, authority);
    Record like{name, type_, static_cast<uint32_t>(set->ttl), {}, authority.source};
    if (set->cname && type_ != RecordType::kCname && type_ != RecordType::kAny) {
      like.type = RecordType::kCname;
      append_of_type(answer_.records, like, *set);
      answer_.decided_by = authority.source;
      return set->cname;
    }
    const size_t before = answer_.records.size();
    append_of_type(answer_.records, like, *set);
    if (answer_.records.size() == before) return say_nothing(NameStatus::kNoError, authority);
    answer_.decided_by = authority.source;
    return std::nullopt;
  }

  std::optional<std::string> say_nothing(NameStatus status, const Authority& authority) {
    answer_.status = status;
    answer_.negative_zone = authority.apex;
    answer_.negative_ttl = authority.negative_ttl;
    answer_.decided_by = authority.source;
    return std::nullopt;
  }

  const Names* names_;
  const Names::View* view_;
  Rootless rest_;
  RecordType type_;
  NameAnswer answer_{};
};

struct TypeName {
  RecordType type;
  const char* name;
};
constexpr TypeName kTypeNames[] = {
    {RecordType::kA, "A"},     {RecordType::kNs, "NS"},   {RecordType::kCname, "CNAME"},
    {RecordType::kSoa, "SOA"}, {RecordType::kPtr, "PTR"}, {RecordType::kHinfo, "HINFO"},
    {RecordType::kMx, "MX"},   {RecordType::kTxt, "TXT"}, {RecordType::kAaaa, "AAAA"},
    {RecordType::kSrv, "SRV"}, {RecordType::kAny, "ANY"}};
constexpr std::string_view kNumberedType = "TYPE";  // RFC 3597

// RFC 1035, 5.1: a <character-string> in quotes.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

struct DataText {
  const Record& record;
  std::string operator()(const Ipv4Address& address) const { return address.to_string(); }
  std::string operator()(const Ipv6Address& address) const { return address.to_string(); }
  std::string operator()(const std::string& text) const {
    const bool is_text = record.type == RecordType::kTxt || record.type == RecordType::kHinfo;
    return is_text ? quoted(text) : text;
  }
  std::string operator()(const lab::MxRecord& mx) const {
    return fmt::format("{} {}", mx.preference, mx.exchange);
  }
  std::string operator()(const lab::SrvRecord& srv) const {
    return fmt::format("{} {} {} {}", srv.priority, srv.weight, srv.port, srv.target);
  }
};

}  // namespace

std::string AnswerSource::to_string() const {
  switch (kind) {
    case Kind::kZone: return zone + "/" + link;
    case Kind::kPublic: return "publicDns";
    case Kind::kProvided: return "azureProvided/" + link;
    case Kind::kServer: return "hosts/" + zone;
    case Kind::kForwarded: return "publicDns.forwardTo";
  }
  return {};
}

NameAnswer answer(const Names& names, std::optional<uint32_t> view, std::string_view name,
                  RecordType type) {
  Rootless rest{names.public_sets,
                {.kind = AnswerSource::Kind::kPublic},
                !names.forward_to.empty(),
                {.kind = AnswerSource::Kind::kForwarded}};
  return Question(&names, view ? &names.views[*view] : nullptr, std::move(rest), type)
      .ask(std::string(name));
}

NameAnswer answer_from(const Names::Sets& own, const std::string& host, std::string_view name,
                       RecordType type) {
  const AnswerSource server{.kind = AnswerSource::Kind::kServer, .zone = host};
  return Question(nullptr, nullptr, {own, server, true, server}, type).ask(std::string(name));
}

Names::Sets sets_of(const lab::RecordSets& sets) {
  Names::Sets out;
  for (const auto& [name, set] : sets) out.emplace(lab::plain_domain_name(name), set);
  return out;
}

std::string to_text(RecordType type) {
  for (const TypeName& each : kTypeNames) {
    if (each.type == type) return each.name;
  }
  return fmt::format("{}{}", kNumberedType, static_cast<uint16_t>(type));
}

std::optional<RecordType> record_type(std::string_view text) {
  for (const TypeName& each : kTypeNames) {
    if (lab::equal_ignoring_case(each.name, text)) return each.type;
  }
  if (!lab::equal_ignoring_case(text.substr(0, kNumberedType.size()), kNumberedType)) return {};
  const auto number = parse_number<uint16_t>(text.substr(kNumberedType.size()));
  return number ? std::optional(static_cast<RecordType>(*number)) : std::nullopt;
}

std::string data_text(const Record& record) {
  return std::visit(DataText{record}, record.data);
}

}  // namespace egress::policy
