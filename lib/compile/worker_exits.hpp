// SPDX-License-Identifier: MIT
#pragma once

// A worker's routing tables, one for each way that packets of apps may go (ARCHITECTURE.md
// section 2). A program need not go by its app's routes: it binds to an interface, or writes
// frames. So what an interface is not for by the app's routing decision leads nowhere here, too.

#include <string>

#include "compile/worker.hpp"

namespace egress::compile {

// Where an integration's packets go in its subnet.
Ipv4Address gateway_of(const Worker& worker, const IntegrationLink& link);

// One exit of the worker, for all but what never leaves. What it throws goes on to the local
// table: `gateway_here`, where apps ask for their gateway's MAC.
void add_exit(Worker& worker, uint32_t table, const std::string& link, Ipv4Address gateway,
              Ipv4Address gateway_here);
void add_direct_exit(Worker& worker, uint32_t table);

// The tables of an app's interfaces. Of eth0 of an app that sends all by its integration: it is
// left with answers to front ends.
uint32_t direct_table_of_entering(Worker& worker);
// Of eth0 of one that sends some by it, and of its interface there.
uint32_t direct_table_of_scoped(Worker& worker, const policy::Network::Site& site,
                                const IntegrationLink& link, const std::string& app_port);
uint32_t integration_table_of_scoped(Worker& worker, const policy::Network::Site& site,
                                     const IntegrationLink& link);

}  // namespace egress::compile
