// SPDX-License-Identifier: MIT
#include "settings/wire_text.hpp"

#include "lab/document.hpp"
#include "settings/record_sets_text.hpp"

namespace egress::settings {
namespace {

constexpr int kLastStage = static_cast<int>(policy::Stage::kDestination);

// An error that quotes somebody's text need not be UTF-8.
std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

template <typename T, typename JsonOf>
Json optional_json(const std::optional<T>& value, JsonOf json_of) {
  return value ? Json(json_of(*value)) : Json(nullptr);
}

Json integration_json(const lab::Integration& integration) {
  Json json{{"serverFarm", integration.server_farm},
            {"instance", integration.instance},
            {"vnet", integration.subnet.vnet},
            {"subnet", integration.subnet.subnet}};
  if (integration.incarnation > 0) json["incarnation"] = integration.incarnation;
  return json;
}

lab::Integration read_integration(const Json& json) {
  return {.server_farm = json.at("serverFarm"),
          .instance = json.at("instance"),
          .subnet = {json.at("vnet"), json.at("subnet")},
          .incarnation = json.value("incarnation", 0)};
}

Json impairment_json(const lab::Impairment& impairment) {
  return lab::document_of(impairment);
}

lab::Impairment read_impairment(const Json& json) {
  const auto impairment = lab::impairment_of(json);
  if (!impairment.ok()) throw Unreadable(impairment.error().to_string());
  return *impairment;
}

std::optional<lab::Impairment> read_any_impairment(const Json& json) {
  return json.is_null() ? std::nullopt : std::optional(read_impairment(json));
}

Json imposed_json(const policy::Imposed& imposed) {
  return {{"impairment", impairment_json(imposed.impairment)},
          {"held", imposed.held},
          {"until", imposed.until_ms}};
}

std::optional<policy::Imposed> read_imposed(const Json& json) {
  if (json.is_null()) return std::nullopt;
  return policy::Imposed{.impairment = read_impairment(json.at("impairment")),
                         .held = json.at("held"),
                         .until_ms = json.at("until")};
}

Ipv4Address read_address(const Json& json) {
  const auto address = Ipv4Address::parse(json.get_ref<const std::string&>());
  if (!address.ok()) throw Unreadable(address.error().message);
  return *address;
}

Json flow_json(const policy::Packet& flow) {
  return {{"protocol", flow.protocol},
          {"source", flow.source.to_string()},
          {"sourcePort", flow.source_port},
          {"destination", flow.destination.to_string()},
          {"destinationPort", flow.destination_port}};
}

policy::Packet read_flow(const Json& json) {
  return {.protocol = json.at("protocol"),
          .source = read_address(json.at("source")),
          .destination = read_address(json.at("destination")),
          .source_port = json.at("sourcePort"),
          .destination_port = json.at("destinationPort")};
}

Json counts_json(const DirectionCounts& counts) {
  const auto& [packets, bytes, denied, lost, overflow, unsent, waiting] = counts;
  return {{"packets", packets},   {"bytes", bytes},   {"denied", denied},  {"lost", lost},
          {"overflow", overflow}, {"unsent", unsent}, {"waiting", waiting}};
}

DirectionCounts read_counts(const Json& json) {
  return {.packets = json.at("packets"),
          .bytes = json.at("bytes"),
          .denied = json.at("denied"),
          .lost = json.at("lost"),
          .overflow = json.at("overflow"),
          .unsent = json.at("unsent"),
          .waiting = json.at("waiting")};
}

Json flows_json(const FlowCounts& flows) {
  const auto& [asked, agreed, spared, untold, passed, dropped] = flows;
  return {{"asked", asked},   {"agreed", agreed}, {"spared", spared},
          {"untold", untold}, {"passed", passed}, {"dropped", dropped}};
}

FlowCounts read_flows(const Json& json) {
  return {.asked = json.at("asked"),
          .agreed = json.at("agreed"),
          .spared = json.at("spared"),
          .untold = json.at("untold"),
          .passed = json.at("passed"),
          .dropped = json.at("dropped")};
}

Json disagreement_json(const Disagreement& disagreement) {
  return {{"flow", flow_json(disagreement.flow)},
          {"kernelPassed", disagreement.kernel_passed},
          {"stage", static_cast<int>(disagreement.decided_by.stage)},
          {"decidedBy", disagreement.decided_by.name},
          {"reason", disagreement.reason},
          {"at", disagreement.at_ms}};
}

Disagreement read_disagreement(const Json& json) {
  return {
      .flow = read_flow(json.at("flow")),
      .kernel_passed = json.at("kernelPassed"),
      .decided_by = {number_of<policy::Stage>(json.at("stage"), kLastStage), json.at("decidedBy")},
      .reason = json.at("reason"),
      .at_ms = json.at("at")};
}

Json wire_json(const OneWire& wire) {
  Json disagreements = Json::array();
  for (const auto& each : wire.disagreements) disagreements.push_back(disagreement_json(each));
  return {{"wire", wire.wire},
          {"carrying", wire.carrying},
          {"out", counts_json(wire.out)},
          {"in", counts_json(wire.in)},
          {"flows", flows_json(wire.flows)},
          {"impairment", optional_json(wire.impairment, impairment_json)},
          {"held", wire.held},
          {"until", wire.until_ms ? Json(*wire.until_ms) : Json(nullptr)},
          {"disagreements", std::move(disagreements)}};
}

OneWire read_wire(const Json& json) {
  OneWire wire{.wire = json.at("wire"),
               .carrying = json.at("carrying"),
               .out = read_counts(json.at("out")),
               .in = read_counts(json.at("in")),
               .flows = read_flows(json.at("flows")),
               .impairment = read_any_impairment(json.at("impairment")),
               .held = json.at("held")};
  if (const Json& until = json.at("until"); !until.is_null()) wire.until_ms = until.get<int64_t>();
  for (const Json& each : json.at("disagreements")) {
    wire.disagreements.push_back(read_disagreement(each));
  }
  return wire;
}

Json question_json(const Report&) {
  return {{"question", "report"}};
}
Json question_json(const Changing&) {
  return {{"question", "changing"}};
}
Json question_json(const Settled&) {
  return {{"question", "settled"}};
}
Json question_json(const Step& step) {
  return {{"question", "step"}, {"wire", step.wire}, {"packets", step.packets}};
}

Json record_json(const PacketRecord& packet) {
  return {{"at", packet.at_ns},          {"wire", packet.wire},
          {"out", packet.out},           {"flow", flow_json(packet.flow)},
          {"length", packet.length},     {"tcpFlags", packet.tcp_flags},
          {"sequence", packet.sequence}, {"fate", packet.fate}};
}
Json record_json(const LostRecords& lost) {
  return {{"lost", lost.count}};
}

}  // namespace

std::string wire_name(const lab::Integration& integration) {
  return integration.server_farm + "/" +
         lab::instance_text(integration.instance, integration.incarnation) + " " +
         integration.subnet.to_string();
}

std::string to_text(const WireEnd& end) {
  return dump({{"wire", end.wire},
               {"inWorker", end.in_worker},
               {"link", end.link},
               {"integration", integration_json(end.integration)},
               {"impairment", optional_json(end.impairment, impairment_json)},
               {"imposed", optional_json(end.imposed, imposed_json)}});
}

Result<WireEnd> parse_wire_end(const std::string& text) {
  return parse_json(text, "settings of a wire's end", [](const Json& json) -> WireEnd {
    return {.wire = json.at("wire"),
            .in_worker = json.at("inWorker"),
            .link = json.at("link"),
            .integration = read_integration(json.at("integration")),
            .impairment = read_any_impairment(json.at("impairment")),
            .imposed = read_imposed(json.at("imposed"))};
  });
}

std::string to_text(const lab::Impairment& impairment) {
  return dump(impairment_json(impairment));
}

Result<lab::Impairment> parse_impairment(const std::string& text) {
  return parse_json(text, "numbers of an impairment", read_impairment);
}

std::string to_text(const WireQuestion& question) {
  return dump(std::visit([](const auto& each) { return question_json(each); }, question));
}

Result<WireQuestion> parse_wire_question(const std::string& text) {
  return parse_json(text, "words of a question", [](const Json& json) -> WireQuestion {
    const std::string question = json.at("question");
    if (question == "report") return Report{};
    if (question == "changing") return Changing{};
    if (question == "settled") return Settled{};
    if (question == "step") return Step{json.at("wire"), json.at("packets")};
    throw Unreadable("no question is called " + question);
  });
}

std::string to_text(const StepsTaken& taken) {
  return dump({{"out", taken.out}, {"in", taken.in}});
}

Result<StepsTaken> parse_steps_taken(const std::string& text) {
  return parse_json(text, "steps of a wire", [](const Json& json) {
    return StepsTaken{.out = json.at("out"), .in = json.at("in")};
  });
}

std::string to_text(const WireReport& report) {
  Json wires = Json::array();
  for (const OneWire& wire : report.wires) wires.push_back(wire_json(wire));
  return dump({{"generation", report.generation},
               {"problem", report.problem},
               {"settled", report.settled},
               {"wires", std::move(wires)}});
}

Result<WireReport> parse_wire_report(const std::string& text) {
  return parse_json(text, "report of wires", [](const Json& json) {
    WireReport report{.generation = json.at("generation"),
                      .problem = json.at("problem"),
                      .settled = json.at("settled")};
    for (const Json& each : json.at("wires")) report.wires.push_back(read_wire(each));
    return report;
  });
}

std::string to_text(const RecordFilter& filter) {
  return dump({{"wires", filter.wires}});
}

Result<RecordFilter> parse_record_filter(const std::string& text) {
  return parse_json(text, "names of wires",
                    [](const Json& json) { return RecordFilter{.wires = json.at("wires")}; });
}

std::string to_text(const WireRecord& record) {
  return dump(std::visit([](const auto& each) { return record_json(each); }, record));
}

Result<WireRecord> parse_wire_record(const std::string& text) {
  return parse_json(text, "record of a packet", [](const Json& json) -> WireRecord {
    if (json.contains("lost")) return LostRecords{json.at("lost")};
    return PacketRecord{.at_ns = json.at("at"),
                        .wire = json.at("wire"),
                        .out = json.at("out"),
                        .flow = read_flow(json.at("flow")),
                        .length = json.at("length"),
                        .tcp_flags = json.at("tcpFlags"),
                        .sequence = json.at("sequence"),
                        .fate = json.at("fate")};
  });
}

}  // namespace egress::settings
