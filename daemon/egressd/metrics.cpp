// SPDX-License-Identifier: MIT
#include "egressd/metrics.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <utility>
#include <vector>

namespace egress::daemon {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

class Families {
 public:
  void gauge(const char* name, const char* help, double value, Labels labels = {}) {
    ClientMetric metric;
    metric.label = std::move(labels);
    metric.gauge.value = value;
    add(name, help, MetricType::Gauge, std::move(metric));
  }
  void counter(const char* name, const char* help, double value, Labels labels = {}) {
    ClientMetric metric;
    metric.label = std::move(labels);
    metric.counter.value = value;
    add(name, help, MetricType::Counter, std::move(metric));
  }
  std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  void add(const char* name, const char* help, MetricType type, ClientMetric metric) {
    if (families_.empty() || families_.back().name != name)
      families_.push_back({name, help, type, {}});
    families_.back().metric.push_back(std::move(metric));
  }

  std::vector<MetricFamily> families_{};
};

double of(bool holds) {
  return holds ? 1 : 0;
}

double of(size_t count) {
  return static_cast<double>(count);
}

void add_daemon(Families& families, const inspect::StatusReport& status) {
  families.gauge("egressd_build_info", "The version that runs.", 1,
                 {{"version", status.daemon.version}});
  families.gauge(
      "egressd_start_time_seconds", "When it began, since 1970.",
      static_cast<double>(status.daemon.since.time_since_epoch() / std::chrono::seconds(1)));
  families.gauge("egressd_in_sync", "1 while the kernel is as the lab wants it.",
                 of(status.in_sync));
  families.gauge("egressd_operation_in_progress", "1 while an operation is at work.",
                 of(status.operation.has_value()));
  families.gauge("egressd_repairs_held", "1 while changes by others are left alone.",
                 of(status.held_until.has_value()));
  families.gauge("egressd_drift_objects", "Kernel objects that are not as the lab wants them.",
                 of(status.drift.size()));
  families.gauge("egressd_problems", "What status lists as problems.", of(status.problems.size()));
  families.gauge("egressd_warnings", "Warnings about the lab in force.",
                 of(status.warnings.size()));
  families.counter("egressd_passes_total", "Passes over the kernel that have ended.",
                   static_cast<double>(status.counts.passes));
  families.counter("egressd_pass_operations_total", "Kernel operations that passes have done.",
                   static_cast<double>(status.counts.operations));
  families.counter("egressd_pass_failures_total", "Kernel operations that failed or were skipped.",
                   static_cast<double>(status.counts.failures));
  families.counter("egressd_repairs_total", "Passes that undid changes by others.",
                   static_cast<double>(status.counts.repairs));
  families.gauge("egressd_fast_path", "1 where established flows are spared rules and routes.",
                 of(!status.fast_path.why_not.has_value()));
  families.counter("egressd_fast_path_packets_total",
                   "Packets that were spared them, counted in each router.",
                   static_cast<double>(status.fast_path.packets));
  if (!status.last_pass) return;
  families.gauge("egressd_last_pass_seconds", "What the last pass took.",
                 status.last_pass->seconds);
}

void add_lab(Families& families, const inspect::StatusReport& status) {
  families.gauge("egressd_lab_version", "Grows with each change of the lab in force.",
                 static_cast<double>(status.version));
  std::map<std::string, size_t> apps{{"running", 0}, {"starting", 0}, {"failed", 0}};
  for (const inspect::AppStatus& app : status.apps) ++apps[inspect::name_of(app.state)];
  for (const auto& [state, count] : apps) {
    families.gauge("egressd_app_instances", "Instances of apps, by what became of their start.",
                   of(count), {{"state", state}});
  }
  families.gauge("egressd_workers", "Instances of plans.", of(status.workers.size()));
  std::map<std::string, size_t> leases;
  for (const inspect::WorkerStatus& worker : status.workers) {
    for (const inspect::WorkerInterface& each : worker.interfaces) ++leases[each.subnet];
  }
  for (const auto& [subnet, count] : leases) {
    families.gauge("egressd_subnet_addresses_in_use", "Addresses that workers have.", of(count),
                   {{"subnet", subnet}});
  }
  families.gauge("egressd_pending_releases", "Addresses that wait for their release.",
                 of(status.pending_releases.size()));
}

void add_ports(Families& families, const inspect::StatusReport& status) {
  for (const inspect::SnatStatus& use : status.snat) {
    families.gauge(
        "egressd_snat_ports_in_use",
        "Ports of App Service's own source NAT, of each instance's busiest destinations.",
        of(use.used),
        {{"instance", use.instance},
         {"destination", use.destination.to_string()},
         {"port", std::to_string(use.port.number)},
         {"protocol", name_of(use.port.protocol)}});
  }
  for (const inspect::NatGatewayStatus& use : status.nat_gateways) {
    families.gauge("egressd_nat_gateway_ports_in_use", "Ports under each address of NAT gateways.",
                   of(use.used),
                   {{"gateway", use.name},
                    {"address", use.address.to_string()},
                    {"protocol", name_of(use.protocol)}});
  }
  for (const inspect::GatewayStatus& gateway : status.gateways) {
    for (const inspect::GatewayConnectionStatus& each : gateway.connections) {
      const Labels labels{{"gateway", gateway.name}, {"on_premises", each.on_premises}};
      families.gauge("egressd_gateway_learned_prefixes", "Prefixes by BGP, or that count as such.",
                     of(each.learned), labels);
    }
  }
}

}  // namespace

std::string metrics_of(const inspect::StatusReport& status) {
  Families families;
  add_daemon(families, status);
  add_lab(families, status);
  add_ports(families, status);
  return families.text();
}

}  // namespace egress::daemon
