// SPDX-License-Identifier: MIT
#include "tests/oracle/tls_probe.hpp"

#include <fmt/format.h>

#include "compile/names.hpp"
#include "tests/support/process.hpp"

namespace egress::oracle {
namespace {

// Lists tell source ports apart, and one that has just been used is not free.
constexpr uint16_t kFirstPort = 20'000;
constexpr uint16_t kLastPort = 60'000;

}  // namespace

TlsProbe::TlsProbe()
    : authority_(tls::make_authority("egressd oracle").value()),
      certificate_(folder_.write("lab.pem", authority_.certificate)) {}

std::vector<std::string> TlsProbe::differences(const policy::Network& network,
                                               const std::string& prefix, const NameCase& name) {
  source_port_ = source_port_ < kFirstPort || source_port_ == kLastPort
                     ? kFirstPort
                     : static_cast<uint16_t>(source_port_ + 1);
  const auto address = answered_in_tls(network, name, source_port_);
  if (!address) return {};
  const policy::Network::App app = network.find(name.from).value();
  const std::string netns =
      compile::lane_netns(prefix, app.name, app.lane->public_attempt, app.worker->is_next);
  const testing_support::Outcome asked = testing_support::run(
      {"ip", "netns", "exec", netns, "curl", "--silent", "--show-error", "--max-time", "10",
       "--noproxy", "*", "--cacert", certificate_, "--local-port", std::to_string(source_port_),
       "--resolve", fmt::format("{}:443:{}", name.name, address->to_string()),
       fmt::format("https://{}/", name.name)});
  if (asked.status == 0) return {};
  return {fmt::format("who answers at {} in TLS is not believed to be {}: {}", address->to_string(),
                      name.name, asked.err)};
}

}  // namespace egress::oracle
