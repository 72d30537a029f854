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
#include "lab/read/arm_shapes.hpp"
#include "lab/read/json_tree.hpp"
#include "lab/read/value_hints.hpp"
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

// What no file says has none, as in a command.
std::string told_of_quotes(const Value& value) {
  return value.node->quoted && value.mark.line > 0 ? " (quotes make it text)" : "";
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
      value.is_scalar() ? slip_in_value(value.node->text, value.node->quoted) : std::nullopt;
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

void Reader::fail_word(const Value& value, const std::string& got,
                       const std::vector<std::string>& words) {
  std::string hint = hint_for_word(got, words);
  if (hint.empty()) hint = suggestion(got, words);
  fail(value, "unknown-value", fmt::format("'{}' is not one of {}", shown(got), one_of(words)),
       std::move(hint));
}

std::optional<std::string> Reader::text(const Value& value) {
  if (auto shape = arm_text(value)) {
    fail(value, "arm-shape", std::move(shape->message), std::move(shape->hint));
    return std::nullopt;
  }
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
  const std::string why = told_of_quotes(value);
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
  const std::string why = told_of_quotes(value);
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

std::optional<Ipv4Prefix> Reader::range(const Value& value) {
  const auto got = prefix(value);
  if (!got || value.node->text.find('/') != std::string::npos) return got;
  const std::string& text = value.node->text;
  const std::string whole =
      got->address.bits == 0
          ? fmt::format("write {0}/0 for every address", text)
          : fmt::format("write it as 10.0.0.0/24 is written; {}/32 is this address alone", text);
  fail(value, "prefix", fmt::format("'{}' has no length", text), whole);
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

std::vector<Value> Reader::items(const Value& value) {
  std::vector<Value> values;
  if (value.is_null()) return values;
  if (value.node->kind != YamlKind::kSequence) {
    const std::string& text = value.node->text;
    const bool dash = value.is_scalar() && text.size() > 1 && text.front() == '-';
    fail(value, "type", fmt::format("a list is expected, not {}", kind_name(*value.node)),
         dash ? fmt::format("a space is missing after the '-': write '- {}'", shown(text.substr(1)))
         : value.is_scalar()
             ? fmt::format("write [{}]", text.starts_with('*') ? "\"*\"" : shown(text))
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
  // Exports write a list without values where there are no children.
  if (value.is_empty_list()) return {};
  return distinct<NameLess>(value);
}

template <typename Less>
std::vector<Value> Reader::distinct(const Value& value) {
  std::vector<Value> values;
  if (value.is_null()) return values;
  if (auto shape = arm_children(value)) {
    fail(value, "arm-shape", std::move(shape->message), std::move(shape->hint));
    return values;
  }
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

}  // namespace egress::lab
