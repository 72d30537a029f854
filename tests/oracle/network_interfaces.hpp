// SPDX-License-Identifier: MIT
#pragma once

// What machines of virtual networks have at their network interfaces: a security list of their own
// and a public address.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lab/lab.hpp"
#include "policy/explain.hpp"
#include "tests/oracle/generator.hpp"

namespace egress::oracle {

// To a lab in which there is none, and rules that let in some of who sends from the Internet.
void add_network_interfaces(lab::Lab& lab, Random& random);
// One of them otherwise or gone.
void change_network_interfaces(lab::Lab& lab, Random& random);

// Machines that are reached by public addresses, and who sends from outside of all networks.
class PublicMachines {
 public:
  explicit PublicMachines(const lab::Lab& lab);

  // To one of them where there are any, often from outside, and now and then on a closed port.
  void aim(ProbeCase& next, Random& random) const;
  // The address of the machine's own.
  std::optional<Ipv4Address> behind(Ipv4Address address) const;

 private:
  std::vector<Ipv4Address> addresses_{};
  std::map<Ipv4Address, Ipv4Address> behind_{};
  std::vector<std::string> outsiders_{};
};

// For the coverage: what a lab has of it, and a flow.
std::set<std::string> interface_features(const lab::Lab& lab);
std::set<std::string> interface_features(const policy::Network& network,
                                         const policy::Explanation& explained);

}  // namespace egress::oracle
