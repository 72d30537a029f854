// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdint>
#include <vector>

#include "egressctl/render/render.hpp"
#include "egressctl/render/table.hpp"

namespace egress::ctl {

namespace {

// "1,204", as people count.
std::string grouped(double number) {
  std::string digits = std::to_string(static_cast<uint64_t>(number));
  for (size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

// "14:05:00" of a time with its date.
std::string time_of_day(const std::string& time) {
  constexpr size_t kBegin = 11;
  constexpr size_t kLength = 8;
  return time.size() < kBegin + kLength ? time : time.substr(kBegin, kLength);
}

Cell state_of(const Json& wire) {
  if (flag_of(wire, "held")) return {"held", Paint::kYellow};
  if (flag_of(wire, "carrying")) return {"carrying", Paint::kGreen};
  return {"down", Paint::kRed};
}

// What became of packets that were not carried: "12 lost, 3 denied".
std::string uncarried(const Json& counts) {
  std::vector<std::string> parts;
  for (const char* what : {"denied", "lost", "overflow", "unsent"}) {
    if (const double count = number_of(counts, what); count > 0) {
      parts.push_back(fmt::format("{} {}", grouped(count), what));
    }
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string packets_text(const Json& counts) {
  const std::string others = uncarried(counts);
  const std::string packets = grouped(number_of(counts, "packets"));
  return others.empty() ? packets : fmt::format("{} ({})", packets, others);
}

Cell flows_text(const Json& wire) {
  const Json& flows = member(wire, "flows");
  const double disagree = number_of(flows, "passed") + number_of(flows, "dropped");
  std::string text = fmt::format("{}, {} agreed", grouped(number_of(flows, "asked")),
                                 grouped(number_of(flows, "agreed")));
  if (disagree > 0) text += fmt::format(", {} disagree", grouped(disagree));
  return {std::move(text), disagree > 0 ? Paint::kRed : Paint::kPlain};
}

}  // namespace

std::string impairment_text(const Json& wire) {
  std::vector<std::string> parts;
  if (flag_of(wire, "held")) parts.emplace_back("held");
  const Json& impairment = member(wire, "impairment");
  for (const char* property : {"loss", "latency", "jitter", "duplicate", "reorder", "rate"}) {
    const std::string text = text_of(impairment, property);
    if (!text.empty()) parts.push_back(fmt::format("{} {}", property, text));
  }
  if (parts.empty()) return {};
  std::string text = fmt::format("{}", fmt::join(parts, " "));
  const std::string until = text_of(wire, "until");
  return until.empty() ? text : fmt::format("{} until {}", text, time_of_day(until));
}

std::string render_wires(const Json& wires, const Screen& screen) {
  const Json& all = list_of(wires, "wires");
  if (all.empty()) return "no wires: no app is integrated by a plan with interface: tun\n";
  Table table({"Wire", "State", "Packets out", "Packets in", "Flows", "Impairment"});
  for (const Json& wire : all) {
    const std::string impairment = impairment_text(wire);
    table.add({text_of(wire, "wire"), state_of(wire), packets_text(member(wire, "out")),
               packets_text(member(wire, "in")), flows_text(wire),
               Cell(impairment.empty() ? "-" : impairment)});
  }
  return table.to_string(screen);
}

}  // namespace egress::ctl
