// SPDX-License-Identifier: MIT
#include "base/result.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

namespace egress {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return Error{.code = Errc::kInvalid, .message = "odd"};
  return number / 2;
}

Result<int> quarter(int number) {
  ASSIGN_OR_RETURN(const int once, half(number));
  ASSIGN_OR_RETURN(const int twice, half(once));
  return twice;
}

Status check_even(int number) {
  RETURN_IF_ERROR(half(number));
  return {};
}

TEST(Result, CarriesAValueOrAnError) {
  EXPECT_EQ(half(4).value(), 2);
  EXPECT_FALSE(half(3).ok());
  EXPECT_EQ(half(3).error().message, "odd");
}

TEST(Result, MovesItsValueOut) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(7));
  const std::unique_ptr<int> value = std::move(result).value();
  EXPECT_EQ(*value, 7);
}

TEST(Result, GivesALoopOverOneThatGoesAwayWhatItWalks) {
  std::vector<std::string> walked;
  for (std::string& each : Result(std::vector<std::string>{"a", "b"}).value()) {
    walked.push_back(std::move(each));
  }
  EXPECT_THAT(walked, testing::ElementsAre("a", "b"));
}

TEST(Result, StopsTheFunctionThatMeetsAnError) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error().message, "odd");
  EXPECT_TRUE(check_even(2).ok());
  EXPECT_EQ(check_even(1).error().code, Errc::kInvalid);
}

TEST(ResultDeathTest, EndsTheProcessWhenReadUnchecked) {
  EXPECT_DEATH(half(3).value(), "");
  EXPECT_DEATH(static_cast<void>(half(4).error()), "");
  EXPECT_DEATH(static_cast<void>(Status().error()), "");
}

TEST(CheckDeathTest, NamesTheBrokenInvariant) {
  EXPECT_DEATH(EG_CHECK(1 > 2, "one is less"), "broken invariant: one is less \\(1 > 2\\)");
}

TEST(Error, PutsContextInFront) {
  const Error error = Error{.message = "no such device"}.in("add route").in("apply lab");
  EXPECT_EQ(error.message, "apply lab: add route: no such device");
  EXPECT_EQ(Error{}.in("apply").message, "apply");
}

TEST(Error, IsOneLineForPeople) {
  Error error = Error::from_errno("add route", ENETUNREACH);
  error.kernel_text = "Nexthop has invalid gateway";
  EXPECT_EQ(error.to_string(), "add route: Network is unreachable (Nexthop has invalid gateway)");
  EXPECT_EQ(Error::from_errno("", ENOENT).to_string(), "No such file or directory");
}

TEST(Error, ChoosesTheCodeThatFitsErrno) {
  EXPECT_EQ(Error::from_errno("", EPERM).code, Errc::kDenied);
  EXPECT_EQ(Error::from_errno("", ENODEV).code, Errc::kNotFound);
  EXPECT_EQ(Error::from_errno("", EEXIST).code, Errc::kExists);
  EXPECT_EQ(Error::from_errno("", EBUSY).code, Errc::kBusy);
  EXPECT_EQ(Error::from_errno("", EOPNOTSUPP).code, Errc::kUnsupported);
  EXPECT_EQ(Error::from_errno("", ENOMEM).code, Errc::kKernel);
  errno = EACCES;
  EXPECT_EQ(Error::from_errno("open").sys_errno, EACCES);
}

TEST(ErrcName, IsStable) {
  EXPECT_STREQ(errc_name(Errc::kInvalid), "invalid");
  EXPECT_STREQ(errc_name(Errc::kNotFound), "not-found");
  EXPECT_STREQ(errc_name(Errc::kConflict), "conflict");
}

}  // namespace
}  // namespace egress
