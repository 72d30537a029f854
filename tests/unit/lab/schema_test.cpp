// SPDX-License-Identifier: MIT

// The JSON Schema for editors and the loader know the same keys and words, and the examples are
// valid by both.

#include "lab/schema.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "lab/read/yaml_tree.hpp"
#include "tests/unit/lab/files.hpp"

namespace egress::lab {
namespace {

using Json = nlohmann::json;

const Json& schema() {
  static const Json json = Json::parse(read_file(LAB_CONFIG "/egressd-lab.schema.json"));
  return json;
}

const Json& definition_of(const ObjectSchema& object) {
  return object.type == ObjectType::kLab ? schema() : schema().at("definitions").at(object.name);
}

std::vector<std::string> words_in(const Json& property) {
  const Json& holder = property.contains("items") ? property.at("items") : property;
  return holder.contains("enum") ? holder.at("enum").get<std::vector<std::string>>()
                                 : std::vector<std::string>{};
}

class SchemaOf : public testing::TestWithParam<ObjectSchema> {};

TEST_P(SchemaOf, HasTheKeysThatTheLoaderKnowsAndNoOther) {
  const Json& definition = definition_of(GetParam());
  std::vector<std::string> keys;
  for (const auto& [key, property] : definition.at("properties").items()) keys.push_back(key);
  EXPECT_THAT(keys, testing::UnorderedElementsAreArray(GetParam().property_names()));
  EXPECT_EQ(definition.at("additionalProperties"), Json(false));
}

TEST_P(SchemaOf, RequiresWhatTheLoaderRequires) {
  std::vector<std::string> required;
  for (const Property& key : GetParam().properties) {
    if (key.required) required.push_back(key.name);
  }
  EXPECT_THAT(definition_of(GetParam()).value("required", std::vector<std::string>{}),
              testing::UnorderedElementsAreArray(required));
}

TEST_P(SchemaOf, ListsTheWordsThatTheLoaderKnows) {
  for (const Property& key : GetParam().properties) {
    EXPECT_THAT(words_in(definition_of(GetParam()).at("properties").at(key.name)),
                testing::UnorderedElementsAreArray(key.words))
        << key.name;
  }
}

TEST_P(SchemaOf, DescribesEveryKey) {
  for (const auto& [key, property] : definition_of(GetParam()).at("properties").items()) {
    EXPECT_TRUE(property.contains("description")) << key;
  }
}

INSTANTIATE_TEST_SUITE_P(Objects, SchemaOf, testing::ValuesIn(object_schemas()),
                         [](const auto& object) { return object.param.name; });

TEST(Schema, HasADefinitionForEachObjectAndForNoOther) {
  std::vector<std::string> objects;
  for (const auto& [name, definition] : schema().at("definitions").items()) {
    if (definition.contains("properties")) objects.push_back(name);
  }
  std::vector<std::string> wanted;
  for (const ObjectSchema& object : object_schemas()) {
    if (object.type != ObjectType::kLab) wanted.push_back(object.name);
  }
  EXPECT_THAT(objects, testing::UnorderedElementsAreArray(wanted));
}

// YAML as the JSON that an editor's schema check sees.
Json json_of(const YamlNode& node) {
  if (node.kind == YamlKind::kNull) return nullptr;
  if (node.kind == YamlKind::kScalar) {
    if (node.quoted) return node.text;
    const Json number = Json::parse(node.text, nullptr, false);
    return number.is_number() || number.is_boolean() ? number : Json(node.text);
  }
  Json json = node.kind == YamlKind::kMap ? Json::object() : Json::array();
  for (const YamlItem& item : node.items) {
    if (node.kind == YamlKind::kMap) {
      json[item.key] = json_of(*item.node);
    } else {
      json.push_back(json_of(*item.node));
    }
  }
  return json;
}

// The schema's complaints about a lab, or nothing.
std::string complaints(const std::string& yaml) {
  const YamlTree tree = parse_yaml(yaml);
  if (!tree.root) return "not YAML";
  valijson::Schema parsed;
  valijson::SchemaParser().populateSchema(valijson::adapters::NlohmannJsonAdapter(schema()),
                                          parsed);
  const Json document = json_of(*tree.root);
  valijson::Validator validator;
  valijson::ValidationResults results;
  validator.validate(parsed, valijson::adapters::NlohmannJsonAdapter(document), &results);
  std::string text;
  for (valijson::ValidationResults::Error error; results.popError(error);) {
    for (const std::string& step : error.context) text += step;
    text += ": " + error.description + "\n";
  }
  return text;
}

class ExampleAndSchema : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(ExampleAndSchema, Agree) {
  EXPECT_EQ(complaints(read_file(GetParam())), "");
}

INSTANTIATE_TEST_SUITE_P(All, ExampleAndSchema,
                         testing::ValuesIn(yaml_files(LAB_CONFIG "/examples")), test_name);

TEST(Schema, RefusesWhatTheLoaderRefusesByForm) {
  for (const char* yaml :
       {"site: {}", "addressAllocation: middle", "hosts: {h: {ipAddress: 10.0.0.4}}",
        "hosts: {h: {ipAddress: 10.0.0.4, subnet: v/s, internet: true}}",
        "hosts: {h: {ipAddress: 10.0.0.4, subnet: v}}", "hosts: {-h: {internet: true}}",
        "serverFarms: {p: {sku: I1v2}}", "serverFarms: {p: {capacity: 0}}",
        "virtualNetworks: {v: {}}", "virtualNetworks: {v: {addressPrefixes: ['::/0']}}",
        "virtualNetworks: {v: {addressPrefixes: [10.0.0.0/8], subnets: {s: {}}}}",
        "routeTables: {t: {routes: {r: {addressPrefix: 0.0.0.0/0, nextHopType: "
        "VirtualAppliance}}}}",
        "routeTables: {t: {routes: {r: {addressPrefix: 0.0.0.0/0, nextHopType: None, "
        "nextHopIpAddress: 10.0.0.4}}}}",
        "networkSecurityGroups: {n: {securityRules: {r: {priority: 100, direction: Inbound, "
        "access: Allow, protocol: Tcp}}}}",
        "expectations: [{from: a, to: 'http://x', expect: allow}]"}) {
    EXPECT_NE(complaints(yaml), "") << yaml;
    EXPECT_NE(errors_of(load_text(yaml)), "") << yaml;
  }
}

}  // namespace
}  // namespace egress::lab
