// SPDX-License-Identifier: MIT
#include "tests/oracle/lab_yaml.hpp"

#include <gtest/gtest.h>

#include <set>

#include "tests/oracle/generator.hpp"

namespace egress::oracle {
namespace {

void expect_same(const lab::Lab& a, const lab::Lab& b) {
  EXPECT_EQ(a.location, b.location);
  EXPECT_EQ(a.outbound_ip_addresses, b.outbound_ip_addresses);
  EXPECT_EQ(a.address_allocation, b.address_allocation);
  EXPECT_TRUE(a.virtual_networks == b.virtual_networks);
  EXPECT_TRUE(a.network_security_groups == b.network_security_groups);
  EXPECT_TRUE(a.route_tables == b.route_tables);
  EXPECT_EQ(std::set(a.application_security_groups.begin(), a.application_security_groups.end()),
            std::set(b.application_security_groups.begin(), b.application_security_groups.end()));
  EXPECT_TRUE(a.server_farms == b.server_farms);
  EXPECT_TRUE(a.sites == b.sites);
  EXPECT_TRUE(a.hosts == b.hosts);
  ASSERT_EQ(a.service_tags == nullptr, b.service_tags == nullptr);
  if (a.service_tags) {
    EXPECT_TRUE(*a.service_tags == *b.service_tags);
  }
}

TEST(LabYaml, RandomLabsLoadAsTheyWere) {
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const lab::Lab lab = random_lab(seed);
    const lab::Loaded loaded = reload(lab);
    ASSERT_TRUE(loaded.lab) << loaded.findings.front().to_string();
    expect_same(lab, *loaded.lab);
    if (HasFailure()) return;
  }
}

TEST(LabYaml, KeepsExpectations) {
  lab::Lab lab = random_lab(1);
  const std::string site = lab.sites.begin()->first;
  lab.expectations = {{.from = site, .to = "icmp://10.0.0.4", .expect = lab::Verdict::kNoRoute},
                      {.from = site,
                       .to = "tcp://93.184.216.34:443",
                       .expect = lab::Verdict::kAllow,
                       .by = "system/0.0.0.0/0",
                       .via = lab::Path::kVirtualNetwork,
                       .source = Ipv4Address{0x14320104}}};
  lab::Loaded loaded = reload(lab);
  ASSERT_TRUE(loaded.lab) << loaded.findings.front().to_string();
  for (lab::Expectation& expectation : loaded.lab->expectations) expectation.line = 0;
  EXPECT_TRUE(loaded.lab->expectations == lab.expectations);
}

}  // namespace
}  // namespace egress::oracle
