// SPDX-License-Identifier: MIT
#include "lifecycle/operation.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace egress::lifecycle {
namespace {

// As a shell takes it for one word.
std::string word(const std::string& text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@%+,=";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string text(const Scale& scale) {
  std::string all = "scale " + word(scale.server_farm);
  if (scale.capacity) all += fmt::format(" --capacity {}", *scale.capacity);
  if (scale.sku) all += " --sku " + word(*scale.sku);
  return all;
}

std::string text(const Connect& connect) {
  std::string all =
      fmt::format("connect {} {}", word(connect.site), word(connect.subnet.to_string()));
  if (connect.create) all += " --create " + connect.create->to_string();
  return all;
}

std::string text(const Disconnect& disconnect) {
  return "disconnect " + word(disconnect.site);
}

std::string text(const Delete& removal) {
  return fmt::format("delete {} {}", word(removal.kind), word(removal.name));
}

std::string text(const Set& set) {
  return fmt::format("set {} {}", word(set.path), word(set.value));
}

std::string text(const Unset& unset) {
  return "unset " + word(unset.path);
}

std::string text(const Purge& purge) {
  return "purge " + word(purge.subnet.to_string());
}

std::string text(const Swap& swap) {
  return fmt::format("swap {} {}", word(swap.site), word(swap.slot));
}

}  // namespace

const char* name_of(const Operation& operation) {
  constexpr std::array<const char*, std::variant_size_v<Operation>> kNames = {
      "scale", "connect", "disconnect", "delete", "set", "unset", "purge", "swap"};
  return kNames.at(operation.index());
}

std::string to_text(const Operation& operation) {
  return std::visit([](const auto& one) { return text(one); }, operation);
}

}  // namespace egress::lifecycle
