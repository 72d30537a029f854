// SPDX-License-Identifier: MIT
#pragma once

// How what may be missing, and lists, look in every document.

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/ip.hpp"
#include "control/json.hpp"

namespace egress::control {

inline Json address_or_null(const std::optional<Ipv4Address>& address) {
  return address ? Json(address->to_string()) : Json(nullptr);
}

inline Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

// Of a host its name, in place of all that apps have.
inline Json sender_json(const lab::Sender& sender) {
  if (!sender.host.empty()) return {{"host", sender.host}};
  return {{"site", sender.site},
          {"instance", sender.instance},
          {"traffic", lab::name_of(sender.traffic)}};
}

// ARM's form of a time: UTC with seven decimals is overkill, milliseconds are what it prints.
std::string time_text(ipam::TimePoint time);

// Milliseconds of the machine's clock since 1970.
inline ipam::TimePoint time_of_ms(int64_t milliseconds) {
  return ipam::TimePoint(std::chrono::milliseconds(milliseconds));
}

// "tcp", or the number of a protocol that has no name here.
std::string protocol_text(uint8_t number);

template <typename T, typename JsonOf>
Json array_of(const std::vector<T>& values, JsonOf json_of) {
  Json array = Json::array();
  for (const T& value : values) array.push_back(json_of(value));
  return array;
}

inline Json addresses_json(const std::vector<Ipv4Address>& addresses) {
  return array_of(addresses, [](const Ipv4Address& address) { return address.to_string(); });
}

// What a lookup warns of.
Json warnings_json(const policy::Resolution& resolution);

inline Json failed_json(const std::vector<FailedObject>& failed) {
  return array_of(failed, [](const FailedObject& each) -> Json {
    return {{"object", each.object}, {"message", each.message}};
  });
}

// See json.hpp.
Json scaling_json(const lifecycle::Scaling& scaling);
Json effects_json(const lifecycle::Effects& effects);

}  // namespace egress::control
