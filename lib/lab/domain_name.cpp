// SPDX-License-Identifier: MIT
#include "lab/domain_name.hpp"

#include <algorithm>
#include <cctype>

#include "lab/limits.hpp"
#include "lab/suggest.hpp"

namespace egress::lab {
namespace {

constexpr size_t kMaxLabel = 63;  // RFC 1035, section 2.3.4

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > kMaxLabel) return false;
  if (label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x80 && std::isalnum(byte) != 0) || c == '-' || c == '_';
  });
}

}  // namespace

bool is_domain_name(std::string_view name) {
  if (name.size() > kMaxDomainName) return false;
  for (size_t begin = 0; begin <= name.size();) {
    const size_t dot = std::min(name.find('.', begin), name.size());
    if (!is_label(name.substr(begin, dot - begin))) return false;
    begin = dot + 1;
  }
  return true;
}

bool is_record_name(std::string_view name) {
  if (name == "*") return true;
  return is_domain_name(name.starts_with("*.") ? name.substr(2) : name);
}

bool is_host_name(std::string_view name) {
  return is_domain_name(name) && name.find('_') == std::string_view::npos;
}

std::string plain_domain_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return lower_case(name);
}

std::string full_name(std::string_view relative, const std::string& zone) {
  return relative == "@" ? zone : plain_domain_name(relative) + "." + zone;
}

bool lies_in_zone(std::string_view name, std::string_view zone) {
  if (!name.ends_with(zone)) return false;
  return name.size() == zone.size() || name[name.size() - zone.size() - 1] == '.';
}

}  // namespace egress::lab
