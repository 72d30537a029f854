// SPDX-License-Identifier: MIT
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "control/json.hpp"
#include "control/json/values.hpp"

namespace egress::control {

namespace {

Json app_json(const inspect::AppStatus& app) {
  Json startup;
  if (app.failed_step) startup = {{"step", lab::name_of(*app.failed_step)}, {"reason", app.reason}};
  return {{"site", app.site},
          {"instance", app.instance},
          {"incarnation", app.incarnation},
          {"standing", lab::name_of(app.standing)},
          {"worker", app.worker},
          {"netns", app.netns},
          {"integrated", app.integrated},
          {"subnet", text_or_null(app.subnet)},
          {"privateIp", address_or_null(app.private_ip)},
          {"privatePorts", app.private_ports},
          {"outboundIp", app.outbound_ip.to_string()},
          {"applicationRouting", app.application_routing},
          {"state", inspect::name_of(app.state)},
          {"startup", startup}};
}

Json worker_json(const inspect::WorkerStatus& worker) {
  const auto interface_json = [](const inspect::WorkerInterface& interface) -> Json {
    return {{"name", interface.name},
            {"subnet", interface.subnet},
            {"address", interface.address.to_string()}};
  };
  return {{"name", worker.name},
          {"netns", worker.netns},
          {"interfaces", array_of(worker.interfaces, interface_json)}};
}

Json host_json(const inspect::HostStatus& host) {
  Json json{{"name", host.name},
            {"kind", host.kind},
            {"netns", host.netns},
            {"address", address_or_null(host.address)},
            {"listen", host.listen}};
  for (const Ipv4Prefix& prefix : host.prefixes) {
    json["addressPrefixes"].push_back(prefix.to_string());
  }
  return json;
}

Json snat_json(const inspect::SnatStatus& snat) {
  return {{"instance", snat.instance},
          {"address", snat.address.to_string()},
          {"destination", snat.destination.to_string()},
          {"port", snat.port.number},
          {"protocol", name_of(snat.port.protocol)},
          {"used", snat.used}};
}

Json nat_gateway_json(const inspect::NatGatewayStatus& gateway) {
  Json senders = Json::array();
  for (const auto& [name, used] : gateway.senders) {
    senders.push_back({{"name", name}, {"used", used}});
  }
  return {{"name", gateway.name},
          {"address", gateway.address.to_string()},
          {"protocol", name_of(gateway.protocol)},
          {"used", gateway.used},
          {"limit", gateway.limit},
          {"senders", senders}};
}

Json gateway_json(const inspect::GatewayStatus& gateway) {
  Json connections = Json::array();
  for (const inspect::GatewayConnectionStatus& each : gateway.connections) {
    connections.push_back(
        {{"onPremises", each.on_premises},
         {"neighbour", each.neighbour ? Json(each.neighbour->to_string()) : Json()},
         {"session", each.session ? Json(inspect::name_of(*each.session)) : Json()},
         {"learned", each.learned},
         {"declared", each.declared}});
  }
  return {{"name", gateway.name},
          {"netns", gateway.netns},
          {"virtualNetwork", gateway.virtual_network},
          {"connections", std::move(connections)}};
}

Json lease_json(const ipam::Lease& lease) {
  return {{"subnet", lease.holder.subnet.to_string()},
          {"serverFarm", lease.holder.server_farm},
          {"instance", lease.holder.instance},
          {"incarnation", lease.holder.incarnation},
          {"site", text_or_null(lease.holder.site)},
          {"address", lease.address.to_string()},
          {"state", ipam::name_of(lease.state)},
          {"since", time_text(lease.since)},
          {"releaseAt", lease.release_at ? Json(time_text(*lease.release_at)) : Json(nullptr)}};
}

Json scaling_status_json(const inspect::ScalingStatus& scaling) {
  Json json = scaling_json(scaling.change);
  json["stage"] = lab::name_of(scaling.stage);
  return json;
}

Json link_json(const inspect::ServiceAssociationLink& link) {
  return {{"subnet", link.subnet.to_string()},
          {"name", inspect::kLinkName},
          {"linkedResourceType", inspect::kLinkedResourceType},
          {"link", link.link},
          {"allowDelete", false},
          {"orphaned", link.orphaned()},
          {"serverFarm", link.server_farm},
          {"sites", link.sites},
          {"deletedSites", link.deleted_sites}};
}

}  // namespace

std::string time_text(ipam::TimePoint time) {
  const auto since_epoch =
      std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(time)), since_epoch % 1000);
}

std::string protocol_text(uint8_t number) {
  for (const Protocol known : {Protocol::kIcmp, Protocol::kTcp, Protocol::kUdp}) {
    if (number_of(known) == number) return name_of(known);
  }
  return std::to_string(number);
}

Json to_json(const std::vector<ipam::Lease>& leases) {
  return array_of(leases, lease_json);
}

Json to_json(const inspect::LeaseReport& report) {
  Json leases = Json::array();
  for (const ipam::Lease& lease : report.leases) {
    leases.push_back(lease_json(lease));
    if (lease.state != ipam::LeaseState::kHeld) continue;
    leases.back()["standing"] = lab::name_of(inspect::standing_of(report.instances, lease.holder));
  }
  return {{"leases", leases}, {"usable", report.usable ? Json(*report.usable) : Json(nullptr)}};
}

Json to_json(const inspect::ClockReading& clock) {
  return {{"now", time_text(clock.now)}, {"offset", clock.offset.count()}};
}

Json to_json(const ClockAdvance& advance) {
  Json json = to_json(advance.clock);
  json["endedFlows"] = advance.ended_flows;
  json["failed"] = failed_json(advance.failed);
  return json;
}

Json to_json(const inspect::StatusReport& status) {
  Json last_pass;
  if (status.last_pass) {
    last_pass = {{"seconds", status.last_pass->seconds},
                 {"operations", status.last_pass->operations},
                 {"failed", status.last_pass->failed}};
  }
  Json operation;
  if (status.operation) {
    operation = {{"name", status.operation->what},
                 {"startedAt", time_text(status.operation->since)},
                 {"done", status.operation->done},
                 {"total", status.operation->total}};
  }
  Json last_repair;
  if (status.last_repair) {
    last_repair = {{"at", time_text(status.last_repair->at)},
                   {"operations", status.last_repair->operations}};
  }
  const inspect::DaemonStatus& daemon = status.daemon;
  return {{"daemon",
           {{"version", daemon.version}, {"pid", daemon.pid}, {"since", time_text(daemon.since)}}},
          {"lab", status.lab ? Json(*status.lab) : Json(nullptr)},
          {"version", status.version},
          {"clock", to_json(status.clock)},
          {"prefix", status.prefix},
          {"inSync", status.in_sync},
          {"apps", array_of(status.apps, app_json)},
          {"workers", array_of(status.workers, worker_json)},
          {"hosts", array_of(status.hosts, host_json)},
          {"snat", array_of(status.snat, snat_json)},
          {"natGateways", array_of(status.nat_gateways, nat_gateway_json)},
          {"gateways", array_of(status.gateways, gateway_json)},
          {"wires",
           array_of(status.wires, [](const settings::OneWire& wire) { return to_json(wire); })},
          {"fastPath",
           {{"state", status.fast_path.why_not ? "off" : "on"},
            {"reason", status.fast_path.why_not ? Json(*status.fast_path.why_not) : Json(nullptr)},
            {"packets", status.fast_path.packets}}},
          {"operation", operation},
          {"drift", status.drift},
          {"heldUntil", status.held_until ? Json(time_text(*status.held_until)) : Json(nullptr)},
          {"problems", status.problems},
          {"warnings", warnings_json(status.warnings)},
          {"lastPass", last_pass},
          {"lastRepair", last_repair},
          {"pendingReleases", to_json(status.pending_releases)},
          {"serviceAssociationLinks", array_of(status.links, link_json)},
          {"scaling", array_of(status.scalings, scaling_status_json)}};
}

Json to_json(const Health& health) {
  const char* state = "ok";
  if (health.state == Health::State::kBusy) state = "busy";
  if (health.state == Health::State::kDegraded) state = "degraded";
  return {{"status", state}, {"problems", health.problems}};
}

Json to_json(const inspect::ExecContext& context) {
  return {{"netns", context.netns},
          {"environment", context.environment},
          {"resolvConf", context.resolv_conf},
          {"hosts", context.hosts},
          {"authority", context.authority},
          {"hidden", context.hidden}};
}

}  // namespace egress::control
