// SPDX-License-Identifier: MIT
#include "lab/read/yaml_reader.hpp"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/number.hpp"
#include "base/result.hpp"
#include "lab/domain_name.hpp"
#include "lab/https_url.hpp"
#include "lab/impairment.hpp"
#include "lab/limits.hpp"
#include "lab/read/json_tree.hpp"
#include "lab/read/yaml_slips.hpp"

namespace egress::lab {
namespace {

std::string kind_name(const YamlNode& node) {
  switch (node.kind) {
    case YamlKind::kNull: return "nothing";
    case YamlKind::kScalar: return fmt::format("'{}'", shown(node.text));
    case YamlKind::kSequence: return "a list";
    case YamlKind::kMap: return "a map";
  }
  return "nothing";
}

std::string path_of(const std::string& parent, const std::string& key) {
  return parent.empty() ? key : parent + "." + key;
}

Value value_of(const std::string& parent, const YamlItem& entry) {
  return {entry.node.get(), entry.mark, path_of(parent, entry.key), entry.key, entry.key_mark};
}

bool says_nothing(const YamlNode& node, const Tolerated& property) {
  const auto is_default = [&](const std::string& usual) {
    return equal_ignoring_case(node.text, usual);
  };
  switch (node.kind) {
    case YamlKind::kNull: return true;
    case YamlKind::kScalar:
      return node.text.empty() ||
             std::any_of(property.defaults.begin(), property.defaults.end(), is_default);
    case YamlKind::kSequence: return node.items.empty();
    case YamlKind::kMap:
      return std::all_of(node.items.begin(), node.items.end(),
                         [&](const YamlItem& item) { return says_nothing(*item.node, property); });
  }
  return false;
}

// How a map that is there for its anchors, and is none of the lab's, would be called.
std::optional<std::string> block_of_anchors(ObjectType type, const Value& object,
                                            const Value& entry) {
  if (type == ObjectType::kLab && entry.node->anchored) {
    return shown(kExtensionPrefix + entry.key);
  }
  const bool inside = object.key.starts_with(kExtensionPrefix);
  return inside ? std::optional(shown(object.key)) : std::nullopt;
}

std::string ipv6_hint(const std::string& text) {
  return text.find(':') == std::string::npos
             ? std::string{}
             : "regional virtual network integration carries IPv4 only";
}

}  // namespace

void Reader::fail(const Value& value, std::string code, std::string message, std::string hint) {
  // What nobody means to be in a value explains it better than the rule that it breaks.
  const auto slip =
      value.is_scalar() && !value.node->quoted ? slip_in_value(value.node->text) : std::nullopt;
  if (slip) {
    fail_at(value.mark, value.path, std::move(code), slip->message, slip->hint);
  } else {
    fail_at(value.mark, value.path, std::move(code), std::move(message), std::move(hint));
  }
}

void Reader::fail_at_key(const Value& value, std::string code, std::string message,
                         std::string hint) {
  fail_at(value.key_mark, value.path, std::move(code), std::move(message), std::move(hint));
}

void Reader::fail_at(Mark mark, const std::string& path, std::string code, std::string message,
                     std::string hint) {
  findings_.add(mark, {.path = path,
                       .code = std::move(code),
                       .message = std::move(message),
                       .hint = std::move(hint)});
  findings_.distrust(path);
}

std::optional<std::string> Reader::text(const Value& value) {
  if (!value.is_scalar()) {
    fail(value, "type", fmt::format("text is expected, not {}", kind_name(*value.node)));
    return std::nullopt;
  }
  if (value.node->text.find('\0') != std::string::npos) {
    fail(value, "type", "text cannot hold a NUL character");
    return std::nullopt;
  }
  return value.node->text;
}

std::optional<bool> Reader::boolean(const Value& value) {
  if (value.is_scalar() && !value.node->quoted) {
    const std::string& text = value.node->text;
    if (text == "true" || text == "True" || text == "TRUE") return true;
    if (text == "false" || text == "False" || text == "FALSE") return false;
  }
  const std::string why = value.node->quoted ? " (quotes make it text)" : "";
  fail(value, "type",
       fmt::format("true or false is expected, not {}{}", kind_name(*value.node), why));
  return std::nullopt;
}

std::optional<int> Reader::integer(const Value& value) {
  const std::string& text = value.node->text;
  const auto number = parse_number<int>(text);
  // 010 is eight to some readers of YAML and ten to others.
  const bool octal = text.size() > 1 && text.front() == '0';
  if (number && value.is_scalar() && !value.node->quoted && !octal) return number;
  const std::string why = value.node->quoted ? " (quotes make it text)" : "";
  fail(value, "type",
       fmt::format("a whole number is expected, not {}{}", kind_name(*value.node), why));
  return std::nullopt;
}

std::optional<Ipv4Address> Reader::address(const Value& value) {
  const auto got = text(value);
  if (!got) return std::nullopt;
  if (auto parsed = Ipv4Address::parse(*got)) return *parsed;
  fail(value, "address", fmt::format("'{}' is not an IPv4 address", shown(*got)), ipv6_hint(*got));
  return std::nullopt;
}

std::optional<Ipv6Address> Reader::address6(const Value& value) {
  const auto got = text(value);
  if (!got) return std::nullopt;
  if (auto parsed = Ipv6Address::parse(*got)) return *parsed;
  fail(value, "address", fmt::format("'{}' is not an IPv6 address", shown(*got)));
  return std::nullopt;
}

std::optional<std::string> Reader::domain_name(const Value& value) {
  const auto got = text(value);
  if (!got) return std::nullopt;
  std::string name = plain_domain_name(*got);
  if (is_domain_name(name)) return name;
  fail(value, "name", fmt::format("'{}' is not a domain name", shown(*got)), kDomainNameForm);
  return std::nullopt;
}

std::optional<Ipv4Prefix> Reader::prefix(const Value& value) {
  const auto got = text(value);
  if (!got) return std::nullopt;
  const auto parsed = Ipv4Prefix::parse(*got);
  if (parsed) return *parsed;
  const size_t slash = got->find('/');
  const bool address = Ipv4Address::parse(got->substr(0, slash)).ok();
  if (!address || got->size() > kMaxQuoted) {
    fail(value, "prefix", fmt::format("'{}' is not an IPv4 prefix", shown(*got)), ipv6_hint(*got));
  } else {
    fail(value, "prefix", parsed.error().message);
  }
  return std::nullopt;
}

std::optional<SubnetRef> Reader::subnet_ref(const Value& value) {
  const auto got = text(value);
  if (!got) return std::nullopt;
  const size_t slash = got->find('/');
  const bool one_slash =
      slash != std::string::npos && got->find('/', slash + 1) == std::string::npos;
  if (one_slash && slash > 0 && slash + 1 < got->size()) {
    return SubnetRef{got->substr(0, slash), got->substr(slash + 1)};
  }
  fail(value, "reference", fmt::format("'{}' does not name a subnet", shown(*got)),
       "write VNET/SUBNET");
  return std::nullopt;
}

std::optional<std::string> Reader::https_url(const Value& value) {
  auto got = text(value);
  if (!got) return std::nullopt;
  const auto url = parse_https_url(*got);
  if (url && url->path.size() > 1) return got;
  // Behind '?' stands a signature.
  const std::string plain = got->substr(0, got->find('?'));
  fail(value, "url", fmt::format("'{}' is not the URL of a container", shown(plain)),
       "write https://HOST/CONTAINER");
  return std::nullopt;
}

template <typename T>
std::optional<T> Reader::parsed(const Value& value, const char* code,
                                Result<T> (*parse)(std::string_view)) {
  const auto got = text(value);
  if (!got) return std::nullopt;
  const Result<T> result = parse(*got);
  if (result.ok()) return *result;
  fail(value, code, result.error().message);
  return std::nullopt;
}

std::optional<std::chrono::microseconds> Reader::latency(const Value& value) {
  return parsed(value, "latency", parse_latency);
}

std::optional<double> Reader::share(const Value& value) {
  return parsed(value, "share", parse_share);
}

std::optional<uint64_t> Reader::rate(const Value& value) {
  return parsed(value, "rate", parse_rate);
}

void Reader::tolerate(const Value& value, const Tolerated& property) {
  if (property.read_only || says_nothing(*value.node, property)) return;
  std::string json = json_of(*value.node).dump(-1, ' ', false, Document::error_handler_t::replace);
  const std::string& text = value.is_scalar() ? value.node->text : json;
  findings_.add(value.key_mark,
                {.severity = Severity::kWarning,
                 .path = value.path,
                 .code = "not-emulated",
                 .message = fmt::format("'{}: {}' is not emulated", property.name, shown(text))});
  not_emulated_.emplace(value.path, std::move(json));
}

std::vector<NotEmulated> Reader::not_emulated() const {
  std::vector<NotEmulated> all;
  for (const auto& [path, value] : not_emulated_) all.push_back({path, value});
  return all;
}

std::vector<Value> Reader::items(const Value& value) {
  std::vector<Value> values;
  if (value.is_null()) return values;
  if (value.node->kind != YamlKind::kSequence) {
    const std::string& text = value.node->text;
    const bool dash = value.is_scalar() && text.size() > 1 && text.front() == '-';
    fail(value, "type", fmt::format("a list is expected, not {}", kind_name(*value.node)),
         dash ? fmt::format("a space is missing after the '-': write '- {}'", shown(text.substr(1)))
              : std::string{});
    return values;
  }
  for (size_t i = 0; i < value.node->items.size(); ++i) {
    const YamlItem& item = value.node->items[i];
    values.push_back(
        {item.node.get(), item.mark, fmt::format("{}[{}]", value.path, i), {}, item.mark});
  }
  return values;
}

std::vector<Value> Reader::entries(const Value& value) {
  return distinct<std::less<>>(value);
}

std::vector<Value> Reader::names(const Value& value) {
  return distinct<NameLess>(value);
}

template <typename Less>
std::vector<Value> Reader::distinct(const Value& value) {
  std::vector<Value> values;
  if (value.is_null()) return values;
  if (value.node->kind != YamlKind::kMap) {
    fail(value, "type", fmt::format("a map is expected, not {}", kind_name(*value.node)));
    return values;
  }
  std::map<std::string, Mark, Less> seen;
  for (const YamlItem& entry : value.node->items) {
    Value next = value_of(value.path, entry);
    const auto [first, fresh] = seen.emplace(entry.key, entry.key_mark);
    if (!fresh && first->first != entry.key) {
      fail_at_key(next, "name",
                  fmt::format("'{}' and '{}' in line {} differ only in case, which Azure ignores",
                              shown(entry.key), shown(first->first), first->second.line));
      continue;
    }
    if (!fresh) {
      fail_at_key(next, "duplicate-key",
                  fmt::format("'{}' stands here a second time, first in line {}", shown(entry.key),
                              first->second.line));
      continue;
    }
    values.push_back(std::move(next));
  }
  return values;
}

ObjectReader::ObjectReader(Reader& reader, const Value& value, ObjectType type)
    : reader_(reader), value_(value), schema_(schema_of(type)) {
  for (const Value& entry : reader_.entries(value_)) {
    if (type == ObjectType::kLab && entry.key.starts_with(kExtensionPrefix)) continue;
    if (schema_.find(entry.key) != nullptr) {
      members_.emplace(entry.key, entry);
      continue;
    }
    if (const Tolerated* tolerated = find_tolerated(schema_.type, entry.key)) {
      reader_.tolerate(entry, *tolerated);
    } else {
      refuse_key(entry);
    }
  }
  if (!value_.is_null() && value_.node->kind != YamlKind::kMap) return;
  for (const Property& key : schema_.properties) {
    const auto found = members_.find(key.name);
    if (key.required && (found == members_.end() || found->second.is_null())) {
      miss({key.name}, fmt::format("'{}' is missing", key.name));
    }
  }
}

void ObjectReader::refuse_key(const Value& entry) {
  const auto& reserved = reserved_keys();
  if (schema_.type == ObjectType::kLab &&
      std::find(reserved.begin(), reserved.end(), entry.key) != reserved.end()) {
    reader_.fail_at_key(entry, "not-emulated", fmt::format("'{}' is not emulated", entry.key));
    return;
  }
  if (reader_.findings().full()) return reader_.fail_at_key(entry, "unknown-key", {});
  const auto names = schema_.property_names();
  const std::string known = names.empty() ? "no keys are known here"
                                          : fmt::format("known keys: {}", fmt::join(names, ", "));
  if (const auto anchors = block_of_anchors(schema_.type, value_, entry)) {
    reader_.fail_at_key(
        entry, "unknown-key", fmt::format("unknown key '{}'", shown(entry.key)),
        fmt::format("a block for anchors alone stands at the top, as '{}'", *anchors));
  } else if (auto slip = slip_in_value(entry.key)) {
    reader_.fail_at_key(entry, "unknown-key", std::move(slip->message), std::move(slip->hint));
  } else {
    reader_.fail_at_key(entry, "unknown-key", fmt::format("unknown key '{}'", shown(entry.key)),
                        suggestion(entry.key, names, known));
  }
  const auto meant = nearest(entry.key, names);
  if (!meant && schema_.type == ObjectType::kLab) reader_.findings().distrust(kUnknownSection);
  if (meant) reader_.findings().distrust(path_of(value_.path, *meant));
}

ObjectReader::~ObjectReader() {
  for (const Property& key : schema_.properties) {
    EG_CHECK(asked_.contains(key.name), "the loader reads every key that the schema has");
  }
}

std::optional<Value> ObjectReader::at(const std::string& key) {
  EG_CHECK(schema_.find(key) != nullptr, "the loader asks only for keys of the schema");
  asked_.insert(key);
  const auto found = members_.find(key);
  if (found == members_.end() || found->second.is_null()) return std::nullopt;
  return found->second;
}

std::optional<int> ObjectReader::integer_at(const std::string& key) {
  const auto value = at(key);
  const auto number = value ? reader_.integer(*value) : std::nullopt;
  const Property& property = *schema_.find(key);
  if (!number || (*number >= property.minimum && *number <= property.maximum)) return number;
  reader_.fail(
      *value, "range",
      fmt::format("{} {} is not from {} to {}", key, *number, property.minimum, property.maximum));
  return std::nullopt;
}

std::vector<Value> ObjectReader::items(const std::string& key) {
  const auto value = at(key);
  if (!value) return {};
  const bool alone =
      schema_.find(key)->many == Many::kOneOrList && value->node->kind != YamlKind::kSequence;
  return alone ? std::vector<Value>{*value} : reader_.items(*value);
}

void ObjectReader::exclude(const std::string& earlier, const std::string& later) {
  const auto refused = at(later);
  if (!at(earlier) || !refused) return;
  reader_.fail_at_key(*refused, "exclusive-keys",
                      fmt::format("'{}' and '{}' exclude each other", earlier, later));
}

void ObjectReader::miss(const std::vector<std::string>& keys, std::string message,
                        std::string hint) {
  // A misspelt key has its own finding, with what was meant.
  const bool meant = std::any_of(keys.begin(), keys.end(), [&](const std::string& key) {
    return !reader_.findings().trusts(path_of(value_.path, key));
  });
  if (!meant) {
    reader_.findings().add(value_.key_mark, {.path = value_.path,
                                             .code = "missing-key",
                                             .message = std::move(message),
                                             .hint = std::move(hint)});
  }
  for (const std::string& key : keys) reader_.findings().distrust(path_of(value_.path, key));
}

}  // namespace egress::lab
