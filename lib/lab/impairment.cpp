// SPDX-License-Identifier: MIT
#include "lab/impairment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "base/number.hpp"
#include "lab/suggest.hpp"

namespace egress::lab {
namespace {

// Of 10^decimals of what is counted.
struct Unit {
  std::string_view name{};
  size_t decimals = 0;
};
// The largest first. A share is counted in millionths.
constexpr std::array kTimes{Unit{"s", 6}, Unit{"ms", 3}, Unit{"us", 0}};
constexpr std::array kShares{Unit{"%", 4}};
constexpr std::array kRates{Unit{"gbit", 9}, Unit{"mbit", 6}, Unit{"kbit", 3}, Unit{"bit", 0}};
constexpr double kMillion = 1e6;

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

// "1.5" with 3 decimals is 1500. Nothing for more decimals than that, signs and exponents.
std::optional<uint64_t> scaled(std::string_view number, size_t decimals) {
  const size_t point = std::min(number.find('.'), number.size());
  std::string digits(number.substr(0, point));
  if (!is_digits(digits)) return std::nullopt;
  std::string_view fraction = number.substr(point);
  if (!fraction.empty()) {
    fraction.remove_prefix(1);
    if (!is_digits(fraction) || fraction.size() > decimals) return std::nullopt;
    digits += fraction;
  }
  digits.append(decimals - fraction.size(), '0');
  return parse_number<uint64_t>(digits);
}

template <size_t N>
std::optional<uint64_t> parse_quantity(std::string_view text, const std::array<Unit, N>& units) {
  const size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
  const auto unit = std::find_if(units.begin(), units.end(),
                                 [&](const Unit& known) { return known.name == text.substr(end); });
  return unit == units.end() ? std::nullopt : scaled(text.substr(0, end), unit->decimals);
}

uint64_t size_of(const Unit& unit) {
  uint64_t size = 1;
  for (size_t i = 0; i < unit.decimals; ++i) size *= 10;
  return size;
}

// In the largest unit of which there is one, else in the smallest; nothing in the largest.
template <size_t N>
std::string text_of(uint64_t quantity, const std::array<Unit, N>& units) {
  const auto fits = std::find_if(units.begin(), units.end() - 1, [&](const Unit& unit) {
    return quantity == 0 || quantity >= size_of(unit);
  });
  std::string text = fmt::format("{}", quantity / size_of(*fits));
  if (const uint64_t rest = quantity % size_of(*fits); rest != 0) {
    text += fmt::format(".{:0{}}", rest, fits->decimals);
    text.erase(text.find_last_not_of('0') + 1);
  }
  return text.append(fits->name);
}

Error invalid(std::string_view text, const char* what) {
  return {.code = Errc::kInvalid, .message = fmt::format("'{}' is not {}", shown(text), what)};
}

}  // namespace

bool Impairment::any() const {
  return latency.count() != 0 || loss != 0 || duplicate != 0 || rate != 0;
}

std::optional<ImpairmentProblem> problem_of(const Impairment& impairment) {
  const auto& [latency, jitter, loss, duplicate, reorder, rate, seed] = impairment;
  for (const auto& [property, value] : {std::pair("latency", latency), {"jitter", jitter}}) {
    const auto read = parse_latency(text_of_latency(value));
    if (!read.ok()) return ImpairmentProblem{property, read.error().message};
  }
  for (const auto& [property, value] :
       {std::pair("loss", loss), {"duplicate", duplicate}, {"reorder", reorder}}) {
    const auto read = parse_share(text_of_share(value));
    if (!read.ok()) return ImpairmentProblem{property, read.error().message};
  }
  if (const auto read = parse_rate(text_of_rate(rate)); rate != 0 && !read.ok()) {
    return ImpairmentProblem{"rate", read.error().message};
  }
  if (seed > kMaxSeed) {
    return ImpairmentProblem{"seed", fmt::format("seed {} is more than {}", seed, kMaxSeed)};
  }
  if (jitter > latency) {
    return ImpairmentProblem{
        "jitter", fmt::format("jitter {} is more than the latency {}", text_of_latency(jitter),
                              text_of_latency(latency))};
  }
  if (reorder > 0 && latency.count() == 0) {
    return ImpairmentProblem{"reorder",
                             "a packet overtakes only those that wait: reorder needs latency"};
  }
  return std::nullopt;
}

Result<std::chrono::microseconds> parse_latency(std::string_view text) {
  const auto parsed = parse_quantity(text, kTimes);
  if (!parsed || *parsed > static_cast<uint64_t>(kMaxLatency.count())) {
    return invalid(text, kLatencyForm);
  }
  return std::chrono::microseconds(*parsed);
}

Result<double> parse_share(std::string_view text) {
  const auto parsed = parse_quantity(text, kShares);
  if (!parsed || *parsed > static_cast<uint64_t>(kMillion)) return invalid(text, kShareForm);
  return static_cast<double>(*parsed) / kMillion;
}

Result<uint64_t> parse_rate(std::string_view text) {
  const auto parsed = parse_quantity(text, kRates);
  if (!parsed || *parsed < kMinRate || *parsed > kMaxRate) return invalid(text, kRateForm);
  return *parsed;
}

std::string text_of_latency(std::chrono::microseconds latency) {
  return text_of(static_cast<uint64_t>(latency.count()), kTimes);
}

std::string text_of_share(double share) {
  return text_of(static_cast<uint64_t>(std::llround(share * kMillion)), kShares);
}

std::string text_of_rate(uint64_t rate) {
  return text_of(rate, kRates);
}

}  // namespace egress::lab
