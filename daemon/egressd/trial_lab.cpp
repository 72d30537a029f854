// SPDX-License-Identifier: MIT
#include "egressd/trial_lab.hpp"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>

#include "base/unique_fd.hpp"
#include "compile/compile.hpp"
#include "ipam/leases.hpp"
#include "kernel/linux_kernel.hpp"
#include "lab/load.hpp"
#include "reconcile/pass.hpp"

namespace egress::daemon {
namespace {

constexpr const char* kTrialLab = R"(
virtualNetworks:
  hub:
    addressPrefixes: [10.0.0.0/16]
    subnets: {firewall: {addressPrefix: 10.0.1.0/26}}
    virtualNetworkPeerings: {spoke: {allowForwardedTraffic: true}}
  spoke:
    addressPrefixes: [10.1.0.0/16]
    subnets:
      apps: {addressPrefix: 10.1.1.0/26, delegations: [Microsoft.Web/serverFarms],
             networkSecurityGroup: nsg, routeTable: routes, natGateway: nat}
      data: {addressPrefix: 10.1.2.0/24}
    virtualNetworkPeerings: {hub: {allowForwardedTraffic: true}}
networkSecurityGroups:
  nsg:
    securityRules:
      web: {priority: 100, direction: Outbound, access: Allow, protocol: Tcp,
            sourceAddressPrefix: "*", sourcePortRange: "*",
            destinationAddressPrefix: Internet, destinationPortRange: "443"}
routeTables:
  routes:
    routes: {all: {addressPrefix: 0.0.0.0/0, nextHopType: VirtualAppliance, nextHopIpAddress: 10.0.1.4}}
publicIPAddresses: {one: {ipAddress: 20.61.7.1}}
natGateways: {nat: {publicIpAddresses: [one]}}
serverFarms: {plan: {capacity: 1}}
sites: {web: {serverFarm: plan, virtualNetworkSubnet: spoke/apps}}
hosts:
  firewall: {subnet: hub/firewall, ipAddress: 10.0.1.4, enableIPForwarding: true, masquerade: 20.61.0.10}
  sql: {subnet: spoke/data, ipAddress: 10.1.2.4, listen: [tcp/1433]}
  pay: {internet: true, ipAddress: 203.0.113.80, listen: [tcp/443]}
)";

Status own_namespaces() {
  if (::unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) return Error::from_errno("make namespaces");
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") != 0) {
    return Error::from_errno("mount a /run of its own");
  }
  for (const char* folder : {"/run/netns", "/run/egressd"}) {
    if (::mkdir(folder, 0755) != 0) return Error::from_errno("make " + std::string(folder));
  }
  return {};
}

Status first_trouble(const reconcile::PassReport& report) {
  if (!report.failed.empty()) {
    Error error = report.failed.front().error;
    return std::move(error).in(report.failed.front().object);
  }
  if (report.remaining.empty()) return {};
  return Error{.code = Errc::kKernel,
               .message = "the kernel took it, and does not have it: " + report.remaining.front()};
}

Status make_and_remove(const std::map<std::string, std::string>& programs) {
  RETURN_IF_ERROR(own_namespaces());
  lab::Loaded loaded = lab::load(lab::LabText{.file = "trial", .text = kTrialLab});
  if (!loaded.lab) {
    return Error{.code = Errc::kBug, .message = loaded.findings.front().to_string()};
  }
  ASSIGN_OR_RETURN(const auto addresses, ipam::first_addresses(*loaded.lab));
  const auto network = policy::analyse({.lab = std::move(*loaded.lab), .leases = addresses});
  ASSIGN_OR_RETURN(const state::KernelState wanted,
                   compile::compile(*network, {.prefix = "trial"}));
  ASSIGN_OR_RETURN(const auto kernel, kernel::LinuxKernel::open({.prefix = "trial",
                                                                 .state_dir = "/run/egressd",
                                                                 .run_dir = "/run/egressd",
                                                                 .programs = programs,
                                                                 .clock = {}}));
  const Status made = first_trouble(reconcile::run(*kernel, wanted, {}));
  const Status removed = first_trouble(reconcile::run(*kernel, {}, {}));
  return made.ok() ? removed : made;
}

// What a child says before it ends: nothing when all went well.
Result<std::string> said_by(int pipe) {
  std::string text;
  std::array<char, 4096> part;
  while (true) {
    const ssize_t size = ::read(pipe, part.data(), part.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return Error::from_errno("listen to a process");
    if (size == 0) return text;
    text.append(part.data(), static_cast<size_t>(size));
  }
}

}  // namespace

Status try_a_lab(const std::map<std::string, std::string>& programs) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) return Error::from_errno("make a pipe");
  UniqueFd out(ends[0]);
  UniqueFd in(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return Error::from_errno("start a process");
  if (child == 0) {
    out.reset();
    const Status tried = make_and_remove(programs);
    const std::string text = tried.ok() ? std::string() : tried.error().to_string();
    const bool told = ::write(in.get(), text.data(), text.size()) >= 0;
    ::_exit(tried.ok() && told ? 0 : 1);
  }
  in.reset();
  const Result<std::string> said = said_by(out.get());
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!said.ok()) return said.error();
  if (!said->empty()) return Error{.code = Errc::kKernel, .message = *said};
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return Error{.code = Errc::kKernel, .message = "the process that tried it did not end well"};
}

}  // namespace egress::daemon
