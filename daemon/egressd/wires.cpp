// SPDX-License-Identifier: MIT
#include "egressd/wires.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>
#include <variant>

#include "compile/names.hpp"
#include "compile/wires.hpp"
#include "egressd/answers.hpp"
#include "lab/suggest.hpp"

namespace egress::daemon {

namespace {

// Of the loop, which has other things to do than to wait for a program that hangs.
constexpr std::chrono::milliseconds kPatienceOfLoop{200};
constexpr auto kPatience = kernel::Program::kPatience;

std::vector<std::string> names_of(const policy::Network& network,
                                  const policy::Network::Worker& worker) {
  std::vector<std::string> names;
  for (const policy::Index integration : worker.integrations) {
    names.push_back(settings::wire_name(*network.interfaces[integration].integration));
  }
  return names;
}

// What is in place of the plan's own impairment, if it has not ended.
const policy::Imposed* imposed_on(const policy::Network& network, const policy::WorkerKey& worker,
                                  int64_t now_ms) {
  const auto& imposed = network.situation.imposed;
  const auto found = imposed.find(worker);
  if (found == imposed.end()) return nullptr;
  const int64_t until = found->second.until_ms;
  return until == 0 || until > now_ms ? &found->second : nullptr;
}

Result<settings::StepsTaken> step_all(kernel::Program& program,
                                      const std::vector<std::string>& wires, int packets) {
  settings::StepsTaken all;
  for (const std::string& wire : wires) {
    ASSIGN_OR_RETURN(const std::string text,
                     program.ask(settings::to_text(settings::Step{wire, packets}), kPatience));
    ASSIGN_OR_RETURN(const settings::StepsTaken taken, settings::parse_steps_taken(text));
    all.out += taken.out;
    all.in += taken.in;
  }
  return all;
}

std::string address_text(Ipv4Address address, uint16_t port, uint8_t protocol) {
  return has_ports(protocol) ? fmt::format("{}:{}", address.to_string(), port)
                             : address.to_string();
}

std::string protocol_text(uint8_t number) {
  for (const Protocol known : {Protocol::kIcmp, Protocol::kTcp, Protocol::kUdp}) {
    if (number_of(known) == number) return name_of(known);
  }
  return fmt::format("protocol {}", number);
}

// "tcp 10.1.1.4:50000 -> 10.1.2.4:443: nsg/deny-sql denies it, and the kernel let it pass"
std::string sentence_of(const settings::Disagreement& disagreement) {
  const policy::Packet& flow = disagreement.flow;
  const auto& by = disagreement.decided_by;
  return fmt::format("{} {} -> {}: {} {}", protocol_text(flow.protocol),
                     address_text(flow.source, flow.source_port, flow.protocol),
                     address_text(flow.destination, flow.destination_port, flow.protocol),
                     by.name.empty() ? policy::name_of(by.stage) : by.name,
                     disagreement.kernel_passed ? "denies it, and the kernel let it pass"
                                                : "allows it, and the kernel dropped it");
}

}  // namespace

std::string WireSelection::to_string() const {
  return instance ? fmt::format("{}/{}", server_farm, *instance) : server_farm;
}

std::vector<std::pair<policy::WorkerKey, std::string>> wires_of(const policy::Network& network) {
  std::vector<std::pair<policy::WorkerKey, std::string>> wires;
  for (const auto& [name, worker] : network.workers) {
    if (!compile::has_wires(network, name)) continue;
    for (std::string& wire : names_of(network, worker)) wires.emplace_back(name, std::move(wire));
  }
  return wires;
}

Result<std::shared_ptr<kernel::Program>> Wires::program() const {
  return kernel_.program({compile::stamp_netns(session_.terms().prefix), compile::kWireProcess});
}

// One that does not run, or hangs, is the pass's matter, or the status's.
bool Wires::tell(const settings::WireQuestion& what) {
  const policy::Network* network = session_.network();
  if (network == nullptr || wires_of(*network).empty()) return false;
  const auto wires = program();
  return wires.ok() && (*wires)->ask(settings::to_text(what), kPatienceOfLoop).ok();
}

void Wires::changing() {
  settled_ = false;
  (void)tell(settings::Changing{});
}

void Wires::settled() {
  if (!settled_) settled_ = tell(settings::Settled{});
}

Wires::Question<settings::WireReport> Wires::report() const {
  const policy::Network* network = session_.network();
  if (network == nullptr || wires_of(*network).empty()) {
    return [] { return Result<settings::WireReport>(settings::WireReport{}); };
  }
  return [wires = program()]() -> Result<settings::WireReport> {
    if (!wires.ok()) return wires.error();
    Result<std::string> text = (*wires)->ask(settings::to_text(settings::Report{}), kPatience);
    if (!text.ok()) return std::move(text).error().in("the wires do not answer");
    return settings::parse_wire_report(*text);
  };
}

Wires::Question<settings::StepsTaken> Wires::step(const WireSelection& which, int packets,
                                                  int64_t now_ms) const {
  using Taken = Result<settings::StepsTaken>;
  const auto refuse = [](Errc code, std::string message) {
    return [error = Error{.code = code, .message = std::move(message)}] { return Taken(error); };
  };
  const policy::Network* network = session_.network();
  if (network == nullptr) return refuse(Errc::kConflict, no_lab().message);
  std::vector<std::string> wires;
  for (const auto& [name, worker] : network->workers) {
    const bool meant = lab::equal_ignoring_case(name.server_farm, which.server_farm) &&
                       which.instance.value_or(name.instance) == name.instance;
    const policy::Imposed* imposed = imposed_on(*network, name, now_ms);
    if (!meant || !compile::has_wires(*network, name) || imposed == nullptr || !imposed->held)
      continue;
    for (std::string& wire : names_of(*network, worker)) wires.push_back(std::move(wire));
  }
  if (wires.empty()) {
    return refuse(Errc::kConflict, fmt::format("no wire of {} is held: egressctl wire {} --hold",
                                               which.to_string(), which.to_string()));
  }
  return [program = program(), wires = std::move(wires), packets]() -> Taken {
    if (!program.ok()) return program.error();
    return step_all(**program, wires, packets);
  };
}

Result<UniqueFd> Wires::records(const std::vector<std::string>& wires) const {
  ASSIGN_OR_RETURN(const std::shared_ptr<kernel::Program> program, this->program());
  return program->records(settings::to_text(settings::RecordFilter{wires}));
}

std::vector<std::string> problems_of(const settings::WireReport& report) {
  std::vector<std::string> problems;
  if (!report.problem.empty()) problems.push_back("the wires deny nothing: " + report.problem);
  for (const settings::OneWire& wire : report.wires) {
    const uint64_t flows = wire.flows.passed + wire.flows.dropped;
    if (flows == 0) continue;
    problems.push_back(fmt::format(
        "evaluator and kernel disagree on {} flows of {}{}: a bug to report, with 'egressctl "
        "status -o json'",
        flows, wire.wire,
        wire.disagreements.empty() ? "" : ", lately " + sentence_of(wire.disagreements.back())));
  }
  return problems;
}

std::optional<std::string> wire_warning(const policy::Network& network,
                                        const policy::WorkerKey& worker, int64_t now_ms) {
  if (!compile::has_wires(network, worker)) return std::nullopt;
  const auto farm = network.situation.lab.server_farms.find(worker.server_farm);
  const policy::Imposed* imposed = imposed_on(network, worker, now_ms);
  const bool held = imposed != nullptr && imposed->held;
  const bool impaired = imposed != nullptr
                            ? imposed->impairment.any()
                            : farm->second.impairment.value_or(lab::Impairment{}).any();
  if (!held && !impaired) return std::nullopt;
  return fmt::format("the wire of {}/{} is {}", worker.server_farm, worker.instance,
                     held ? "held" : "impaired");
}

}  // namespace egress::daemon
