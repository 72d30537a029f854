// SPDX-License-Identifier: MIT
#include "inspect/leases.hpp"

#include <gmock/gmock.h>

#include "tests/support/lab_from.hpp"
#include "tests/support/values.hpp"

namespace egress::inspect {
namespace {

using namespace testing_support;
using std::chrono::hours;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const ipam::TimePoint kNoon{hours(500000)};

// Holds of the plan in the contract's lab, one that waits, and one of another network.
ipam::Leases some_leases() {
  return ipam::Leases({{.holder = {"plan", 0, {"spoke", "integration"}}, .address = ip("10.1.1.4")},
                       {.holder = {"plan", 1, {"spoke", "integration"}},
                        .address = ip("10.1.1.5"),
                        .state = ipam::LeaseState::kReleasing,
                        .since = kNoon,
                        .release_at = kNoon + hours(12)},
                       {.holder = {"plan", 0, {"hub", "apps"}}, .address = ip("10.1.1.4")}});
}

std::vector<std::string> addresses_in(const Result<LeaseReport>& report) {
  std::vector<std::string> addresses;
  for (const ipam::Lease& lease : report.value().leases) {
    addresses.push_back(lease.holder.subnet.vnet + " " + lease.address.to_string());
  }
  return addresses;
}

TEST(LeaseReport, IsOfOneSubnetWhateverItsCase) {
  const auto report = lease_report(contract_lab(), some_leases(), "SPOKE/Integration", kNoon);
  EXPECT_THAT(addresses_in(report), ElementsAre("spoke 10.1.1.4", "spoke 10.1.1.5"));
  EXPECT_EQ(report->usable, 59U) << "of a /26";
}

TEST(LeaseReport, LeavesOutWhatIsDue) {
  const auto report =
      lease_report(contract_lab(), some_leases(), "spoke/integration", kNoon + hours(12));
  EXPECT_THAT(addresses_in(report), ElementsAre("spoke 10.1.1.4"));
}

TEST(LeaseReport, OfAllSubnetsCountsNoneUsable) {
  const auto report = lease_report(contract_lab(), some_leases(), "", kNoon);
  EXPECT_THAT(report->leases, SizeIs(3));
  EXPECT_EQ(report->usable, std::nullopt);
}

TEST(LeaseReport, NamesASubnetThatIsNotThere) {
  for (const char* subnet : {"spoke/nowhere", "nowhere/integration", "spoke", "/"}) {
    const auto report = lease_report(contract_lab(), some_leases(), subnet, kNoon);
    ASSERT_FALSE(report.ok()) << subnet;
    EXPECT_EQ(report.error().code, Errc::kNotFound);
    EXPECT_EQ(report.error().message, "no subnet '" + std::string(subnet) + "'");
  }
}

TEST(LeaseReport, IsEmptyBeforeAnybodyHoldsAnAddress) {
  const auto report = lease_report(contract_lab(), {}, "spoke/integration", kNoon);
  EXPECT_THAT(report->leases, IsEmpty());
}

}  // namespace
}  // namespace egress::inspect
