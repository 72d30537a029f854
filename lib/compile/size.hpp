// SPDX-License-Identifier: MIT
#pragma once

// How much a lab makes in the kernel, counted without making it: a small file can ask for more
// namespaces than any machine holds, and one list of service tags stands in every subnet's
// firewall. So whoever takes a lab from somebody asks here before anything that grows with the
// answer.

#include <cstdint>
#include <string>
#include <vector>

#include "lab/lab.hpp"
#include "lab/load.hpp"
#include "policy/lanes.hpp"

namespace egress::compile {

struct Count {
  uint64_t total = 0;
  std::string largest{};  // the key path of what makes most of it, "serverFarms.plan"
  uint64_t share = 0;     // that one's part of the total
};

// Namespaces are exact, and so are links (veth pairs, TUN devices) but for service endpoints that
// user routes lead past. Routes are at least as many as there will be: the effective ones of all
// subnets with those of apps, workers and hosts. Firewall elements are an estimate from the address
// ranges and ports of the lists, once for each subnet that has one, and one for each way to a
// service.
struct Size {
  Count namespaces{};
  Count links{};
  Count routes{};
  Count firewall_elements{};
  Count wires{};  // exact
};

// A thousand plan instances with two thousand apps fit, and a list of a thousand rules on twenty
// subnets. At the limits the daemon takes some hundreds of MiB.
struct SizeLimits {
  uint64_t namespaces = 5'000;
  uint64_t links = 25'000;
  uint64_t routes = 250'000;
  uint64_t firewall_elements = 2'000'000;
  // What raises the first of them.
  std::string namespaces_setting = "limits.namespaces in egressd.yaml";
};

// Counting firewall elements stops once they are more than the limit. `run_in` here and below:
// classes in which somebody has run something; `instances`: all sets of a plan count.
Size size_of(const lab::Lab& lab, const SizeLimits& limits, const policy::TrafficInUse& run_in = {},
             const lab::Instances& instances = {});

// An error of code "too-large" for each count above its limit, and one for each outbound address
// that has too few ports for those who share it (snat_ports.hpp); `file` is the lab's name.
std::vector<lab::Finding> check_size(const lab::Lab& lab, const SizeLimits& limits,
                                     const std::string& file,
                                     const policy::TrafficInUse& run_in = {},
                                     const lab::Instances& instances = {});
// What was loaded, but without its lab when that is too large.
lab::Loaded within(lab::Loaded loaded, const SizeLimits& limits, const std::string& file);

}  // namespace egress::compile
