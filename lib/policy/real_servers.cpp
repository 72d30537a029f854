// SPDX-License-Identifier: MIT
#include "policy/real_servers.hpp"

#include <algorithm>
#include <variant>

namespace egress::policy {
namespace {

constexpr size_t kMostAliases = 16;  // of one answer

}  // namespace

std::optional<NameAnswer> led_back(const NameAnswer& asked, RecordType type,
                                   const std::vector<Record>& said, const Known& known) {
  if (type == RecordType::kCname || type == RecordType::kAny) return std::nullopt;
  std::vector<Record> records = asked.records;
  std::string name = asked.forwarded;
  // A circle ends once all aliases have been gone along.
  for (size_t step = 0; step < said.size(); ++step) {
    const auto alias = std::find_if(said.begin(), said.end(), [&](const Record& each) {
      return each.type == RecordType::kCname && each.name == name;
    });
    if (alias == said.end()) return std::nullopt;
    records.push_back(*alias);
    if (records.size() > kMostAliases) return NameAnswer{.status = NameStatus::kServfail};
    name = std::get<std::string>(alias->data);
    NameAnswer rest = known(name);
    if (rest.status == NameStatus::kForward && rest.forwarded == name) continue;
    rest.records.insert(rest.records.begin(), records.begin(), records.end());
    return rest;
  }
  return std::nullopt;
}

}  // namespace egress::policy
