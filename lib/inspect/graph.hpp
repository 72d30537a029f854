// SPDX-License-Identifier: MIT
#pragma once

// A lab's topology as nodes and edges, for pictures. Order is that of the lab's names.

#include <string>
#include <vector>

#include "lab/lab.hpp"

namespace egress::inspect {

struct Node {
  std::string id{};      // "subnet/spoke/integration"; unique
  std::string kind{};    // the ARM type's last word: "subnet", "site"; or "internet"
  std::string name{};    // as in the lab file
  std::string parent{};  // id of the node that contains this one, or empty
  std::string detail{};  // addresses, capacity
};

struct Edge {
  std::string from{};
  std::string to{};
  std::string kind{};    // "virtualNetworkPeering", "networkSecurityGroup", "integration", …
  std::string detail{};  // state of a peering, prefix of a route
};

struct Graph {
  std::vector<Node> nodes{};
  std::vector<Edge> edges{};
};

Graph graph_of(const lab::Lab& lab);

}  // namespace egress::inspect
