// SPDX-License-Identifier: MIT
#pragma once

// Labs reduced to what leases depend on: delegated subnets, plans, and which plan uses which.

#include <chrono>
#include <string>
#include <vector>

#include "lab/lab.hpp"
#include "tests/support/values.hpp"

namespace egress::ipam {

using testing_support::ip;

inline lab::SubnetRef ref(const std::string& subnet) {
  return {"spoke", subnet};
}

class PlansLab {
 public:
  PlansLab& subnet(const std::string& name, const std::vector<std::string>& prefixes) {
    lab::Subnet& subnet = lab_.virtual_networks["spoke"].subnets[name];
    subnet.address_prefixes.clear();
    for (const std::string& prefix : prefixes) {
      subnet.address_prefixes.push_back(Ipv4Prefix::parse(prefix).value());
    }
    return *this;
  }
  // One app of `plan` on `subnet`.
  PlansLab& app(const std::string& plan, int capacity, const std::string& subnet) {
    lab_.server_farms[plan].capacity = capacity;
    lab::Site& site = lab_.sites[plan + "-on-" + subnet];
    site.server_farm = plan;
    site.virtual_network_subnet = ref(subnet);
    return *this;
  }
  // The same of Windows containers, each an app of its own name.
  PlansLab& containers(const std::string& plan, int capacity, const std::string& subnet,
                       const std::vector<std::string>& names) {
    lab_.server_farms[plan] = {
        .sku = "P1v3", .capacity = capacity, .reserved = false, .hyper_v = true};
    for (const std::string& name : names) site(name, plan, subnet);
    return *this;
  }
  PlansLab& site(const std::string& name, const std::string& plan, const std::string& subnet) {
    lab_.sites[name] = {.server_farm = plan, .virtual_network_subnet = ref(subnet)};
    return *this;
  }
  PlansLab& without(const std::string& site) {
    lab_.sites.erase(site);
    return *this;
  }
  PlansLab& delay(std::chrono::seconds release_delay) {
    lab_.release_delay = release_delay;
    return *this;
  }
  PlansLab& from(lab::AddressAllocation end) {
    lab_.address_allocation = end;
    return *this;
  }
  operator const lab::Lab&() const { return lab_; }  // NOLINT(google-explicit-constructor)

 private:
  lab::Lab lab_{};
};

}  // namespace egress::ipam
