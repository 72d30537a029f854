// SPDX-License-Identifier: MIT
#pragma once

// Messages as clients and servers make them, for tests.

#include <string>
#include <utility>
#include <vector>

#include "dns/message.hpp"

namespace egress::dns::testing_support {

inline Message bytes(std::initializer_list<int> values) {
  Message all;
  for (const int value : values) all.push_back(static_cast<uint8_t>(value));
  return all;
}

inline Message operator+(Message one, const Message& other) {
  one.insert(one.end(), other.begin(), other.end());
  return one;
}

inline Message header(std::initializer_list<int> flags, std::initializer_list<int> counts,
                      uint16_t id = 0x1234) {
  Message all = bytes({id >> 8, id & 0xff}) + bytes(flags);
  for (const int count : counts) all = std::move(all) + bytes({count >> 8, count & 0xff});
  return all;
}

// The labels of "WWW.example.com" in this very case, and the root.
inline Message name(const std::string& text) {
  Message all;
  for (size_t at = 0; at < text.size();) {
    const size_t dot = std::min(text.find('.', at), text.size());
    all.push_back(static_cast<uint8_t>(dot - at));
    all.insert(all.end(), text.begin() + static_cast<std::ptrdiff_t>(at),
               text.begin() + static_cast<std::ptrdiff_t>(dot));
    at = dot + 1;
  }
  all.push_back(0);
  return all;
}

inline Message question(const std::string& text, int type = 1, int of_class = 1) {
  return name(text) + bytes({type >> 8, type & 0xff, of_class >> 8, of_class & 0xff});
}

inline Message opt(int udp_size, int version = 0) {
  return bytes({0, 0, 41, udp_size >> 8, udp_size & 0xff, 0, version, 0, 0, 0, 0});
}

inline Message query(const std::string& text, int type = 1) {
  return header({0x01, 0x00}, {1, 0, 0, 0}) + question(text, type);
}

inline Query parsed(const Message& message) {
  return std::get<Query>(parse_query(message));
}

inline policy::Record a_record(const std::string& owner, const char* address, uint32_t ttl = 60) {
  return {.name = owner, .ttl = ttl, .data = *Ipv4Address::parse(address)};
}

inline policy::Record alias(const std::string& owner, const std::string& target) {
  return {.name = owner, .type = policy::RecordType::kCname, .ttl = 60, .data = target};
}

// What a server that knows these records says to `asked`.
inline Message reply(const Message& asked, std::vector<policy::Record> records,
                     policy::NameStatus status = policy::NameStatus::kNoError) {
  return reply_to(parsed(asked), {.status = status, .records = std::move(records)}, kTcpLimit);
}

}  // namespace egress::dns::testing_support
