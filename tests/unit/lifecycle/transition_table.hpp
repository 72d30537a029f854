// SPDX-License-Identifier: MIT
#pragma once

// One change of a lab, made by a file and by an operation, and what both are told.

#include <gmock/gmock.h>

#include <chrono>
#include <string>
#include <variant>
#include <vector>

#include "lab/document.hpp"
#include "lab/edit.hpp"
#include "lab/load.hpp"
#include "lifecycle/transition.hpp"
#include "tests/support/lab_from.hpp"

namespace egress::lifecycle {

using testing_support::lab_from;
using testing_support::with;

// An app on a plan of two, in a network with other subnets: with a machine, delegated and unused,
// and empty.
inline const lab::Lab& small_lab() {
  static const lab::Lab lab = lab_from(R"(
virtualNetworks:
  hub:
    addressPrefixes: [10.0.0.0/16]
    virtualNetworkPeerings: {spoke: {}}
  spoke:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      integration: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms],
                    networkSecurityGroup: nsg, routeTable: table, natGateway: nat}
      data: {addressPrefix: 10.1.2.0/24}
      spare: {addressPrefix: 10.1.3.0/26, delegations: [Microsoft.Web/serverFarms]}
      empty: {addressPrefix: 10.1.4.0/26}
    virtualNetworkPeerings: {hub: {}}
networkSecurityGroups: {nsg: {}, unused: {}, nic: {}}
routeTables: {table: {}}
publicIPAddresses: {ip: {ipAddress: 20.61.0.20}, sql: {ipAddress: 20.61.0.21}, spare: {ipAddress: 20.61.0.22}}
natGateways: {nat: {publicIpAddresses: [ip]}}
subscriptions: {one: {}, two: {}}
subscription: one
serverFarms: {plan: {sku: P1v3, capacity: 2}, other: {}}
sites:
  web: {serverFarm: plan, virtualNetworkSubnet: spoke/integration}
  api: {serverFarm: plan}
hosts:
  sql: {subnet: spoke/data, ipAddress: 10.1.2.4, networkSecurityGroup: nic, publicIPAddress: sql}
expectations:
  - {from: web/1, to: 'tcp://10.1.2.4:1433', expect: allow}
  - {from: api, to: 'tcp://10.1.2.4:1433', expect: allow}
)");
  return lab;
}

inline const std::string kIds = "/subscriptions/one/resourceGroups/lab/providers/";
inline const std::string kSpoke = kIds + "Microsoft.Network/virtualNetworks/spoke";
inline const std::string kLink =
    kSpoke + "/subnets/integration/serviceAssociationLinks/AppServiceLink";
inline const std::string kSql =
    kIds + "Microsoft.Network/networkInterfaces/sql/ipConfigurations/ipconfig1";

inline const TimePoint kNow = TimePoint{} + std::chrono::hours(24 * 365 * 50);

struct Attempt {
  lab::Lab before = small_lab();
  std::string file{};  // JSON: what the file says otherwise, null removes (RFC 7396)
  Operation operation{};
  State state{};
};

inline Result<std::string> no_files(const std::string& path) {
  return Error{.code = Errc::kNotFound, .message = path + " is not there"};
}

// As far as a lab that need not validate is read.
inline lab::Lab read(const lab::Loaded& loaded) {
  if (loaded.lab) return *loaded.lab;
  for (const lab::Finding& finding : loaded.findings) {
    EXPECT_TRUE(loaded.read.has_value()) << finding.to_string();
  }
  return loaded.read.value_or(lab::Lab{});
}

inline lab::Lab from_file(const lab::Lab& before, const std::string& patch) {
  lab::Document document = lab::document_of(before);
  document.merge_patch(lab::Document::parse(patch));
  return read(lab::load(document.dump(), "lab.yaml", no_files));
}

inline lab::Lab after(const Operation& operation, const lab::Lab& before) {
  const auto edits = edits_of(operation, before);
  EXPECT_TRUE(edits.ok()) << edits.error().to_string();
  if (!edits.ok() || edits->edits.empty()) return before;
  return read(lab::edit(before, edits->edits, no_files));
}

inline std::vector<Refusal> refused_to_file(const Attempt& attempt) {
  const lab::Lab after = from_file(attempt.before, attempt.file);
  return refusals({.before = &attempt.before, .after = after, .state = attempt.state, .now = kNow});
}

inline std::vector<Refusal> refused_to_operation(const Attempt& attempt) {
  const lab::Lab next = after(attempt.operation, attempt.before);
  return refusals({.before = &attempt.before,
                   .after = next,
                   .state = attempt.state,
                   .cause = Cause::kOperation,
                   .operation = &attempt.operation,
                   .now = kNow});
}

inline void PrintTo(const Refusal& refusal, std::ostream* out) {
  *out << refusal.code << " at " << refusal.path << ": " << refusal.message;
}

MATCHER_P3(Refuses, code, message, path, "") {
  return arg.kind == Errc::kConflict && arg.code == code && arg.message == message &&
         arg.path == path;
}

// That both ways end there, and nothing else is told.
inline void expect_refused(const Attempt& attempt, const std::string& code,
                           const std::string& message, const std::string& path) {
  EXPECT_THAT(refused_to_file(attempt), testing::ElementsAre(Refuses(code, message, path)));
  EXPECT_THAT(refused_to_operation(attempt), testing::ElementsAre(Refuses(code, message, path)));
}

inline void expect_allowed(const Attempt& attempt) {
  EXPECT_THAT(refused_to_file(attempt), testing::IsEmpty());
  EXPECT_THAT(refused_to_operation(attempt), testing::IsEmpty());
}

// What a change that nothing refuses comes to. The lab after it validates.
inline Transition made(const lab::Lab& before, const lab::Lab& next, const State& state,
                       const Operation* operation = nullptr) {
  auto outcome = transition({.before = &before,
                             .after = next,
                             .state = state,
                             .cause = operation == nullptr ? Cause::kApply : Cause::kOperation,
                             .operation = operation,
                             .now = kNow});
  if (auto* refused = std::get_if<std::vector<Refusal>>(&outcome)) {
    ADD_FAILURE() << testing::PrintToString(*refused);
    return {};
  }
  return std::get<Transition>(std::move(outcome));
}

inline Transition made_by(const Operation& operation, const lab::Lab& before,
                          const State& state = {}) {
  return made(before, after(operation, before), state, &operation);
}

}  // namespace egress::lifecycle
