// SPDX-License-Identifier: MIT
#include "tests/oracle/wire_watch.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "compile/names.hpp"
#include "tests/support/eventually.hpp"

namespace egress::oracle {
namespace {

using settings::Disagreement;
using settings::OneWire;

// Of the wire with this name, or of one that has carried nothing.
OneWire wire_in(const settings::WireReport& report, const std::string& name) {
  const auto found = std::find_if(report.wires.begin(), report.wires.end(),
                                  [&](const OneWire& each) { return each.wire == name; });
  return found == report.wires.end() ? OneWire{.wire = name} : *found;
}

uint64_t judged(const settings::WireReport& report) {
  uint64_t flows = 0;
  for (const OneWire& wire : report.wires) flows += wire.flows.asked;
  return flows;
}

uint64_t disagreed(const OneWire& wire) {
  return wire.flows.passed + wire.flows.dropped;
}

std::string text_of(const std::string& wire, const Disagreement& disagreement) {
  const policy::Packet& flow = disagreement.flow;
  return fmt::format("wire {}: protocol {} {}:{} -> {}:{}: the kernel {} it, {} {} says: {}", wire,
                     flow.protocol, flow.source.to_string(), flow.source_port,
                     flow.destination.to_string(), flow.destination_port,
                     disagreement.kernel_passed ? "passed" : "dropped",
                     policy::name_of(disagreement.decided_by.stage), disagreement.decided_by.name,
                     disagreement.reason);
}

}  // namespace

Result<std::string> WireWatch::ask(const settings::WireQuestion& question) const {
  return program_->ask(settings::to_text(question), kernel::Program::kPatience);
}

Result<settings::WireReport> WireWatch::report() const {
  ASSIGN_OR_RETURN(const std::string text, ask(settings::Report{}));
  ASSIGN_OR_RETURN(settings::WireReport report, settings::parse_wire_report(text));
  if (report.problem.empty()) return report;
  return Error{.code = Errc::kInvalid, .message = "the wires: " + report.problem};
}

// Once nobody judges any more what has been sent.
Result<settings::WireReport> WireWatch::last_report() const {
  Result<settings::WireReport> now = report();
  const bool rests = testing_support::eventually([&] {
    const uint64_t before = now.ok() ? judged(*now) : 0;
    now = report();
    return !now.ok() || judged(*now) == before;
  });
  if (!rests) return Error{.code = Errc::kKernel, .message = "the wires judge without an end"};
  return now;
}

Status WireWatch::changing() {
  if (!program_) return {};
  const auto told = ask(settings::Changing{});
  program_.reset();
  return told.ok() ? Status{} : Status(told.error());
}

Status WireWatch::settled(const state::KernelState& state) {
  program_.reset();
  if (!state::has_tun(state)) return {};
  const state::NetnsName netns = compile::stamp_netns(prefix_);
  ASSIGN_OR_RETURN(program_, kernel_.program({netns, compile::kWireProcess}));
  ASSIGN_OR_RETURN(const std::string told, ask(settings::Settled{}));
  static_cast<void>(told);
  Result<settings::WireReport> now = report();
  const bool counts = testing_support::eventually([&] {
    now = report();
    return !now.ok() || now->settled;
  });
  if (!now.ok()) return std::move(now).error();
  if (!counts) return Error{.code = Errc::kKernel, .message = "the wires do not settle"};
  before_ = std::move(*now);
  return {};
}

Result<WireFindings> WireWatch::findings() const {
  WireFindings found;
  if (!program_) return found;
  ASSIGN_OR_RETURN(const settings::WireReport now, last_report());
  for (const OneWire& wire : now.wires) {
    const OneWire before = wire_in(before_, wire.wire);
    found.asked += wire.flows.asked - before.flows.asked;
    found.untold += wire.flows.untold - before.flows.untold;
    const uint64_t more = disagreed(wire) - disagreed(before);
    found.disagreed += more;
    const size_t told = std::min<size_t>(more, wire.disagreements.size());
    for (auto each = wire.disagreements.end() - static_cast<ptrdiff_t>(told);
         each != wire.disagreements.end(); ++each) {
      found.disagreements.push_back(text_of(wire.wire, *each));
    }
  }
  return found;
}

}  // namespace egress::oracle
