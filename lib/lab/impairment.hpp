// SPDX-License-Identifier: MIT
#pragma once

// What a wire does to the packets of each direction by itself, so that a round trip is delayed
// twice.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace egress::lab {

struct Impairment {
  std::chrono::microseconds latency{};  // up to kMaxLatency
  std::chrono::microseconds jitter{};   // around it, not more than it
  double loss = 0;                      // shares of all packets, 0 to 1
  double duplicate = 0;
  double reorder = 0;  // of those that overtake what waits
  uint64_t rate = 0;   // bit/s, kMinRate to kMaxRate; 0: any
  uint64_t seed = 1;   // of its draws, up to kMaxSeed
  bool operator==(const Impairment&) const = default;
  bool any() const;  // whether it does anything
};

// A rule that an impairment breaks, and the property at fault.
struct ImpairmentProblem {
  std::string property{};  // "jitter"
  std::string message{};   // "jitter 30ms is more than the latency 20ms"
};
std::optional<ImpairmentProblem> problem_of(const Impairment& impairment);

inline constexpr std::chrono::microseconds kMaxLatency = std::chrono::seconds(10);
inline constexpr uint64_t kMinRate = 8'000;
inline constexpr uint64_t kMaxRate = 100'000'000'000;
inline constexpr uint64_t kMaxSeed = 2'147'483'647;

// As lab files and commands write them: "20ms", "1.5s", "300us"; "1%", "0.05%"; "100mbit" (units
// as tc's, of 1000). kInvalid, saying by the form below what it should be.
Result<std::chrono::microseconds> parse_latency(std::string_view text);
Result<double> parse_share(std::string_view text);
Result<uint64_t> parse_rate(std::string_view text);
inline constexpr const char* kLatencyForm = "a time from 0s to 10s, such as 20ms, 1.5s or 300us";
inline constexpr const char* kShareForm =
    "a share from 0% to 100%, such as 5% or 0.05%, with four decimals at most";
inline constexpr const char* kRateForm =
    "a rate from 8kbit to 100gbit a second, such as 512kbit, 100mbit or 1.5gbit";

// Texts that read back as the same values.
std::string text_of_latency(std::chrono::microseconds latency);
std::string text_of_share(double share);
std::string text_of_rate(uint64_t rate);

}  // namespace egress::lab
