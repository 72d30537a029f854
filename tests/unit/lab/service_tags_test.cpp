// SPDX-License-Identifier: MIT
#include "lab/service_tags.hpp"

#include <gmock/gmock.h>

#include "tests/unit/lab/files.hpp"

namespace egress::lab {
namespace {

std::string refusal(const std::string& json) {
  const auto tags = parse_service_tags(json);
  return tags ? std::string{"accepted"} : tags.error().message;
}

std::string with_tag(const std::string& tag) {
  return R"({"changeNumber": 7, "cloud": "Public", "values": [)" + tag + "]}";
}

TEST(ServiceTags, KeepTheIpv4PartOfTheFile) {
  const auto tags = parse_service_tags(with_tag(R"(
      {"name": "Storage.WestEurope", "id": "Storage.WestEurope",
       "properties": {"changeNumber": 1, "region": "westeurope", "regionId": 18,
                      "networkFeatures": ["API", "NSG"], "systemService": "AzureStorage",
                      "addressPrefixes": ["20.60.222.0/23", "2603:1020:206::/48",
                                          "20.60.220.0/23"]}})"));
  ASSERT_TRUE(tags.ok()) << tags.error().message;
  const ServiceTag wanted{"westeurope", AddressSet({{0x143cdc00, 0x143cdfff}})};  // .220.0/22
  EXPECT_THAT(*tags, testing::ElementsAre(testing::Pair("Storage.WestEurope", wanted)));
}

TEST(ServiceTags, TakeNothingFromOtherPartsOfTheFile) {
  const auto tags = parse_service_tags(
      R"({"other": [{"name": "X", "properties": {"addressPrefixes": ["1.2.3.4/32"]}}],
          "values": [{"extra": {"name": "Y", "addressPrefixes": ["1.2.3.4/32"]}, "name": "Sql",
                      "properties": {"deep": {"addressPrefixes": ["1.2.3.4/32"]},
                                     "addressPrefixes": []}}]})");
  ASSERT_TRUE(tags.ok()) << tags.error().message;
  EXPECT_THAT(*tags, testing::ElementsAre(testing::Pair("Sql", ServiceTag{})));
}

TEST(ServiceTags, AreReadAgainAsTheyWereWritten) {
  const ServiceTags tags{
      {"Sql", {}},
      {"Storage.WestEurope",
       {.region = "westeurope",
        .addresses = AddressSet({{0x01020304, 0x01020306}, {0xffffff00, 0xffffffff}})}}};
  const Result<std::string> text = write(tags);
  ASSERT_TRUE(text.ok()) << text.error().message;
  const auto read = parse_service_tags(*text);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(*read, tags);
}

TEST(ServiceTags, RefuseToBeWrittenWhenNoFileSaysThem) {
  EXPECT_EQ(write(ServiceTags{{"Internet", {}}}).error().message,
            "the service tags cannot be written as a file: tag 'Internet' is built in");
  EXPECT_EQ(write(ServiceTags{{"Sql", {.region = "\xff"}}}).error().message,
            "the service tags cannot be written as a file: a text in them is not UTF-8");
}

TEST(ServiceTags, RefuseWhatIsNoServiceTagFile) {
  EXPECT_EQ(refusal("]"), "not JSON at byte 1");
  EXPECT_EQ(refusal("{}"), "no list 'values' of service tags");
  EXPECT_EQ(refusal(R"({"values": {}})"), "no list 'values' of service tags");
  EXPECT_EQ(refusal(std::string(1'000'000, '[')), "nested too deep");
}

TEST(ServiceTags, RefuseTagsThatCannotBeMeant) {
  EXPECT_EQ(refusal(with_tag(R"({"properties": {}})")),
            "a tag has no name, or one of unknown characters");
  EXPECT_EQ(refusal(with_tag(R"({"name": "a b"})")),
            "a tag has no name, or one of unknown characters");
  EXPECT_EQ(refusal(with_tag(R"({"name": "Internet"})")), "tag 'Internet' is built in");
  EXPECT_EQ(refusal(with_tag(R"({"name": "Sql"}, {"name": "Sql"})")),
            "tag 'Sql' stands there twice");
  EXPECT_EQ(
      refusal(with_tag(R"({"name": "Sql", "properties": {"addressPrefixes": ["1.2.3.4/8"]}})")),
      "tag 'Sql': '1.2.3.4/8' has bits set behind its length; the prefix is 1.0.0.0/8");
}

TEST(ServiceTags, AreNotRepeatedInMessagesWhateverTheirLength) {
  const std::string name = R"("name": ")" + std::string(100'000, 'n') + "\"";
  EXPECT_LT(refusal(with_tag("{" + name + "}, {" + name + "}")).size(), 400U);
  EXPECT_LT(refusal(with_tag("{" + name + R"(, "properties": {"addressPrefixes": [")" +
                             std::string(100'000, 'p') + R"("]}})"))
                .size(),
            400U);
}

TEST(ServiceTags, SurviveCutFiles) {
  const std::string text = read_file(LAB_CONFIG "/examples/service-tags.json");
  const size_t end = text.find_last_of('}');
  for (size_t length = 0; length < end; ++length) {
    EXPECT_FALSE(parse_service_tags(text.substr(0, length)).ok());
  }
  EXPECT_TRUE(parse_service_tags(text).ok());
}

TEST(TagNames, FindTheCanonicalSpelling) {
  const ServiceTags declared = {{"Storage.WestEurope", {}}};
  const TagNames names(declared);
  EXPECT_EQ(names.canonical("STORAGE.westeurope"), "Storage.WestEurope");
  EXPECT_EQ(names.canonical("azureplatformdns"), "AzurePlatformDNS");
  EXPECT_EQ(names.canonical("Storage"), std::nullopt);
  EXPECT_EQ(names.nearest("Storage.WestEurop").found(), "Storage.WestEurope");
  EXPECT_EQ(TagNames(ServiceTags{}).canonical("Internet"), "Internet");
}

}  // namespace
}  // namespace egress::lab
