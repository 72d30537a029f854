// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "control/messages.hpp"
#include "tests/support/values.hpp"

namespace egress::control {
namespace {

using namespace testing_support;
using ::testing::HasSubstr;

const lab::SubnetRef kSubnet{"spoke", "apps"};

// As it comes out on the other side: as it is typed.
std::string sent(const lifecycle::Operation& operation) {
  const auto parsed = parse_operation_request(dump(to_json(OperationRequest{operation})));
  return parsed.ok() ? lifecycle::to_text(parsed->operation) : parsed.error().to_string();
}

TEST(OperationMessage, ReturnsAsItWasSent) {
  EXPECT_EQ(sent(lifecycle::Scale{"plan", 3, {}}), "scale plan --capacity 3");
  EXPECT_EQ(sent(lifecycle::Scale{"plan", 0, "P2v3"}), "scale plan --capacity 0 --sku P2v3");
  EXPECT_EQ(sent(lifecycle::Connect{"web", kSubnet, {}}), "connect web spoke/apps");
  EXPECT_EQ(sent(lifecycle::Connect{"web", kSubnet, prefix("10.1.3.0/27")}),
            "connect web spoke/apps --create 10.1.3.0/27");
  EXPECT_EQ(sent(lifecycle::Disconnect{"web"}), "disconnect web");
  EXPECT_EQ(sent(lifecycle::Delete{"subnet", "spoke/apps"}), "delete subnet spoke/apps");
  EXPECT_EQ(sent(lifecycle::Set{"sites.web.appSettings.A", ""}), "set sites.web.appSettings.A ''");
  EXPECT_EQ(sent(lifecycle::Unset{"sites.web.appSettings.A"}), "unset sites.web.appSettings.A");
  EXPECT_EQ(sent(lifecycle::Purge{kSubnet}), "purge spoke/apps");
  EXPECT_EQ(sent(lifecycle::Swap{"web", "staging"}), "swap web staging");
}

TEST(OperationMessage, CanDoWithoutWhatIsOptional) {
  const auto scale = parse_operation_request(R"({"operation":"scale","serverFarm":"plan"})");
  ASSERT_TRUE(scale.ok());
  EXPECT_EQ(lifecycle::to_text(scale->operation), "scale plan");
  const auto connect =
      parse_operation_request(R"({"operation":"connect","site":"web","subnet":"spoke/apps"})");
  ASSERT_TRUE(connect.ok());
  EXPECT_EQ(lifecycle::to_text(connect->operation), "connect web spoke/apps");
}

TEST(OperationMessage, IsRefusedWithWhatIsWrong) {
  const std::vector<std::pair<const char*, const char*>> cases{
      {"[]", "not a JSON object"},
      {"{}", "\"operation\""},
      {R"({"operation":"resize"})",
       "one of scale, connect, disconnect, delete, set, unset, purge, swap"},
      {R"({"operation":"scale"})", "\"serverFarm\""},
      {R"({"operation":"scale","serverFarm":"plan","capacity":-1})", "\"capacity\""},
      {R"({"operation":"scale","serverFarm":"plan","capacity":"3"})", "\"capacity\""},
      {R"({"operation":"scale","serverFarm":"plan","sku":3})", "\"sku\""},
      {R"({"operation":"connect","site":"web"})", "\"subnet\""},
      {R"({"operation":"connect","site":"web","subnet":"apps"})", "'apps' is not of the form"},
      {R"({"operation":"connect","site":"web","subnet":"a/b","create":"10.1.3.1/27"})",
       "10.1.3.0/27"},
      {R"({"operation":"disconnect"})", "\"site\""},
      {R"({"operation":"delete","kind":"site"})", "\"name\""},
      {R"({"operation":"set","path":"location","value":3})", "\"value\""},
      {R"({"operation":"unset"})", "\"path\""},
      {R"({"operation":"purge","subnet":"a/b/c"})", "'a/b/c' is not of the form"}};
  for (const auto& [body, why] : cases) {
    const auto parsed = parse_operation_request(body);
    ASSERT_FALSE(parsed.ok()) << body;
    EXPECT_EQ(parsed.error().code, Errc::kInvalid) << body;
    EXPECT_THAT(parsed.error().message, HasSubstr(why)) << body;
  }
}

TEST(SubnetText, HasANetworkAndASubnet) {
  EXPECT_EQ(parse_subnet("spoke/apps").value(), kSubnet);
  for (const char* text : {"", "/", "spoke", "spoke/", "/apps", "a/b/c"}) {
    EXPECT_FALSE(parse_subnet(text).ok()) << text;
  }
}

}  // namespace
}  // namespace egress::control
