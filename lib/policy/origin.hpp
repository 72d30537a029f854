// SPDX-License-Identifier: MIT
#pragma once

// Whose packets a question is about: an app's, those of a machine that sends for itself, or those
// that a worker sends into a network, whichever its app.

#include <string>

#include "base/result.hpp"
#include "policy/network.hpp"

namespace egress::policy {

struct Origin {
  // "web/0", "web/0 key-vault (public attempt)", the machine's, or the worker's, "plan/0".
  std::string name{};
  const Network::App* app = nullptr;        // null: a machine, or an integration
  const Network::Worker* worker = nullptr;  // of an app and of an integration
  // The app's integration, the machine, or the integration itself; kNowhere: an app of whose
  // packets none enters a network.
  Index interface = kNowhere;

  // The network that its packets enter first; kNowhere for direct senders.
  Index vnet(const Network& network) const {
    return interface == kNowhere ? kNowhere : network.interfaces[interface].vnet;
  }
  // Of a machine there; else kNowhere.
  Index on_premises(const Network& network) const {
    return interface == kNowhere ? kNowhere : network.interfaces[interface].on_premises;
  }
};

// kNotFound when the site or the instance does not exist. `public_attempt` as Network::find().
Result<Network::App> declared_app(const Network& network, const Sender& sender,
                                  bool public_attempt = false);
// One that can send: kNotFound also when it is integrated and has no lease.
Result<Network::App> find_app(const Network& network, const Sender& sender,
                              bool public_attempt = false);

// The interface of the lab's host of that name. kNotFound when there is none.
Result<Index> find_machine(const Network& network, const std::string& host);

// `app` has a lease when it is integrated, and outlives the answer.
Origin origin_of(const Network& network, const Network::App& app);
// `machine` is the interface of a host.
Origin origin_of(const Network& network, Index machine);
// What the worker alone decides is behind such packets: their walk begins in the network.
Origin origin_of_integration(const Network& network, Index integration);

}  // namespace egress::policy
