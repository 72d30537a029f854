// SPDX-License-Identifier: MIT
#include "tests/oracle/cases.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>

#include "lab/document.hpp"
#include "lab/validate.hpp"
#include "tests/support/boundary_labs.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/network_of.hpp"

namespace egress::oracle {
namespace {

using testing::IsEmpty;
using testing::SizeIs;
using testing_support::Folder;
using testing_support::network_of;

std::string errors_of(const lab::Lab& lab) {
  std::string text;
  for (const lab::Finding& finding : lab::validate(lab)) {
    if (finding.severity == lab::Severity::kError) text += finding.to_string() + "\n";
  }
  return text;
}

TEST(Cases, ExplainMeetsWhatTheKeptCasesExpect) {
  const auto files = case_files(EGRESS_ORACLE_CASES);
  ASSERT_TRUE(files.ok()) << files.error().to_string();
  ASSERT_GE(files->size(), 5U);
  for (const std::string& file : *files) {
    SCOPED_TRACE(file);
    const auto kept = load_case(file);
    ASSERT_TRUE(kept.ok()) << kept.error().to_string();
    EXPECT_FALSE(kept->lab.expectations.empty());
    EXPECT_THAT(unmet_expectations(*network_of(kept->lab)), IsEmpty());
  }
}

TEST(Cases, WhatAnalysisSaysIsAnExpectationThatHolds) {
  size_t expected = 0;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    lab::Lab lab = random_lab(seed);
    const auto network = network_of(lab);
    for (ProbeCase probe : random_flows(lab, network->situation.leases, seed, 30)) {
      if (probe.flow.source_port != 0) probe.flow.source_port = 50000;
      lab.expectations.push_back(expectation_of(*network, probe).value());
    }
    for (const NameCase& name : random_names(lab, seed, 30)) {
      lab.expectations.push_back(expectation_of(*network, name).value());
    }
    ASSERT_EQ(errors_of(lab), "") << "seed " << seed;
    ASSERT_THAT(unmet_expectations(*network_of(lab)), IsEmpty()) << "seed " << seed;
    expected += lab.expectations.size();
  }
  EXPECT_GT(expected, 2000U);
}

// A lab with its tags under the name that its case has.
lab::Lab named(lab::Lab lab) {
  if (lab.service_tags) lab.service_tags_file = "kept.tags.json";
  return lab;
}

TEST(Cases, LoadAsTheyWereWritten) {
  const Folder folder;
  const auto file = write_case(folder.path(), "kept",
                               {.lab = random_lab(11), .before = random_lab(12)}, {"what differs"});
  ASSERT_TRUE(file.ok()) << file.error().to_string();
  EXPECT_THAT(case_files(folder.path()).value(), testing::ElementsAre(*file));
  const auto loaded = load_case(*file);
  ASSERT_TRUE(loaded.ok()) << loaded.error().to_string();
  EXPECT_TRUE(loaded->lab == named(random_lab(11)));
  ASSERT_TRUE(loaded->before);
  EXPECT_TRUE(*loaded->before == named(random_lab(12)));
}

TEST(Cases, EveryRandomAndEveryBoundaryLabLoadsAsItWasWritten) {
  const Folder folder;
  std::vector<lab::Lab> labs;
  for (uint64_t seed = 1; seed <= 200; ++seed) labs.push_back(random_lab(seed));
  for (auto& boundary : testing_support::boundary_labs()) labs.push_back(std::move(boundary.lab));
  for (size_t i = 0; i < labs.size(); ++i) {
    SCOPED_TRACE(i);
    const auto file = write_case(folder.path(), "kept", {.lab = labs[i]}, {});
    ASSERT_TRUE(file.ok()) << file.error().to_string();
    const auto loaded = load_case(*file);
    ASSERT_TRUE(loaded.ok()) << loaded.error().to_string();
    const auto text = [](const lab::Lab& lab) {
      return lab::text_of(lab::document_of(lab), 1).value();
    };
    ASSERT_EQ(text(loaded->lab), text(named(labs[i])));
    ASSERT_TRUE(loaded->lab == named(labs[i]));
  }
}

TEST(Cases, FlowsComeFromEverySourcePortThatRulesTellApart) {
  lab::Lab lab = random_lab(1);
  lab.network_security_groups.clear();
  lab.expectations = {{.from = "app0", .to = "tcp://10.9.9.9:80"},
                      {.from = "app0", .to = "icmp://10.9.9.9"}};
  EXPECT_THAT(expected_flows(*network_of(lab)), SizeIs(2));
  lab.network_security_groups["nsg"].security_rules["rule"].source_ports =
      PortSet({{1000, 2000}, {3000, 65535}});
  std::vector<uint16_t> ports;
  for (const ProbeCase& probe : expected_flows(*network_of(lab))) {
    ports.push_back(probe.flow.source_port);
  }
  EXPECT_THAT(ports, testing::ElementsAre(999, 1000, 2000, 2001, 2999, 3000, 50000, 65535, 0));
}

TEST(Cases, NamesAreLookedUpInEveryTypeByBothTransports) {
  lab::Lab lab = random_lab(1);
  lab.expectations = {{.from = "app0", .resolve = "www.example.com"}};
  const auto names = expected_names(*network_of(lab));
  const auto asked = [&](policy::RecordType type, bool tcp) {
    return std::any_of(names.begin(), names.end(), [&](const NameCase& name) {
      return name.from.site == "app0" && name.name == "www.example.com" && name.type == type &&
             name.tcp == tcp;
    });
  };
  for (const bool tcp : {false, true}) {
    EXPECT_TRUE(asked(policy::RecordType::kA, tcp));
    EXPECT_TRUE(asked(policy::RecordType::kSrv, tcp));
  }
  EXPECT_THAT(expected_flows(*network_of(lab)), IsEmpty());
}

TEST(Cases, AnExpectationThatDoesNotHoldIsTold) {
  lab::Lab lab = random_lab(1);
  lab.expectations = {
      {.from = "app0", .to = "tcp://168.63.129.16:443", .expect = lab::Outcome::kAllow}};
  EXPECT_THAT(unmet_expectations(*network_of(lab)), SizeIs(1));
  lab.expectations = {
      {.from = "app0", .resolve = "nobody.example.org", .status = lab::LookupStatus::kNoError}};
  EXPECT_THAT(unmet_expectations(*network_of(lab)), SizeIs(1));
}

}  // namespace
}  // namespace egress::oracle
