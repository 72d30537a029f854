// SPDX-License-Identifier: MIT

// The JSON Schema and the man page say what the loader does: what loads passes the schema, and what
// is wrong by its own form passes neither.

#include "lab/schema/schema.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "lab/document.hpp"
#include "lab/format/format.hpp"
#include "lab/read/json_tree.hpp"
#include "lab/read/resources.hpp"
#include "tests/oracle/generator.hpp"
#include "tests/support/boundary_labs.hpp"
#include "tests/unit/lab/files.hpp"
#include "tests/unit/lab/wrong_labs.hpp"

namespace egress::lab {
namespace {

using Json = nlohmann::json;

// The schema's complaints about a document, or nothing.
std::string complaints(const Json& document) {
  static const Json schema = Json::parse(json_schema());
  static const auto parsed = [] {
    auto made = std::make_unique<valijson::Schema>();
    valijson::SchemaParser().populateSchema(valijson::adapters::NlohmannJsonAdapter(schema), *made);
    return made;
  }();
  valijson::Validator validator;
  valijson::ValidationResults results;
  validator.validate(*parsed, valijson::adapters::NlohmannJsonAdapter(document), &results);
  std::string text;
  for (valijson::ValidationResults::Error error; results.popError(error);) {
    for (const std::string& step : error.context) text += step;
    text += ": " + error.description + "\n";
  }
  return text;
}

// YAML as the JSON that an editor's schema check sees.
Json seen_by_editor(const std::string& yaml) {
  const YamlTree tree = parse_yaml(yaml);
  return tree.root ? Json(json_of(*tree.root)) : Json();
}

bool loads(const Document& document, const Lab& tagged) {
  return read_lab(tree_of(document), {}, no_files, &tagged).lab.has_value();
}

TEST(Schema, InTheRepositoryIsTheOneThatIsInstalled) {
  const std::string path = LAB_CONFIG "/egressd-lab.schema.json";
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(path) << json_schema();
  EXPECT_TRUE(read_file(path) == json_schema()) << "UPDATE_GOLDEN=1 writes it anew";
}

TEST(Schema, DescribesEveryProperty) {
  for (const ObjectSchema& object : object_schemas()) {
    EXPECT_NE(object.description, "") << object.name;
    for (const Property& property : object.properties) {
      EXPECT_NE(property.description, "") << object.name << "." << property.name;
    }
  }
}

TEST(Manual, HasTheTableOfEveryObject) {
  const std::string page = with_tables(read_file(LAB_MANUAL));
  for (const ObjectSchema& object : object_schemas()) {
    for (const Property& property : object.properties) {
      EXPECT_NE(page.find("*" + property.name + "*\n\t"), std::string::npos)
          << object.name << "." << property.name;
    }
  }
  EXPECT_EQ(page.find("\n@"), std::string::npos);
}

TEST(Schema, TakesEveryFileThatLoads) {
  size_t taken = 0;
  for (const char* folder : {LAB_CONFIG "/examples", LAB_CASES, LAB_CORPUS}) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      SCOPED_TRACE(entry.path());
      const std::string text = read_file(entry.path());
      if (!load(text, "lab.yaml", reader_beside(entry.path().string())).lab) continue;
      EXPECT_EQ(complaints(seen_by_editor(text)), "");
      ++taken;
    }
  }
  EXPECT_GE(taken, 13U);
}

// What only the loader can know: how things hang together, and which words Azure's lists have.
bool is_beyond_a_schema(const std::string& finding) {
  static const std::set<std::string> kCodes = {"unknown-reference",
                                               "address-outside",
                                               "address-duplicate",
                                               "overlap",
                                               "peering-overlap",
                                               "subnet-outside",
                                               "priority-duplicate",
                                               "route-duplicate",
                                               "BadRequest",
                                               "Conflict",
                                               "sku-without-integration",
                                               "name",
                                               "duplicate-key",
                                               "unknown-service-tag",
                                               "tag-in-list",
                                               "unknown-value",
                                               "merge",
                                               "location",
                                               "prefix",
                                               "address-form"};
  const size_t open = finding.rfind('[');
  return kCodes.contains(finding.substr(open + 1, finding.rfind(']') - open - 1));
}

// Every lab of the corpus: valid ones pass, and those that are refused for their form do not.
TEST(Schema, AgreesWithTheLoaderOnWrongLabs) {
  size_t agreed = 0;
  for (const std::string& path : testing_support::files_with(LAB_WRONG, ".lab")) {
    SCOPED_TRACE(path);
    const WrongLab wrong = read_wrong_lab(path);
    if (!parse_yaml(wrong.text).root) continue;
    const std::string found = complaints(seen_by_editor(wrong.text));
    std::istringstream lines(wrong.expected);
    bool by_form = false;
    bool refused = false;
    for (std::string line; std::getline(lines, line);) {
      const bool error = line.find(": error: ") != std::string::npos;
      refused = refused || error;
      by_form = by_form || (error && !is_beyond_a_schema(line));
    }
    if (!refused) EXPECT_EQ(found, "");
    if (by_form) EXPECT_NE(found, "");
    ++agreed;
  }
  EXPECT_GE(agreed, 100U);
}

// Labs from outside, where they are.
TEST(Schema, TakesWhatLoadsOfAFolderThatIsNamed) {
  const char* folder = std::getenv("EGRESS_LAB_FOLDER");
  if (folder == nullptr) GTEST_SKIP() << "EGRESS_LAB_FOLDER names no folder";
  for (const std::string& path : testing_support::yaml_files(folder)) {
    SCOPED_TRACE(path);
    const std::string text = read_file(path);
    if (!load(text, "lab.yaml", reader_beside(path)).lab) continue;
    EXPECT_EQ(complaints(seen_by_editor(text)), "");
  }
}

TEST(Schema, TakesEveryBoundaryLab) {
  for (const auto& boundary : testing_support::boundary_labs()) {
    EXPECT_EQ(complaints(document_of(boundary.lab)), "") << boundary.name;
  }
}

TEST(Schema, TakesWhatTheLoaderTakes) {
  for (const char* yaml :
       {"location: null",
        "location: West Europe",
        "addressAllocation: HIGHEST",
        "sites:",
        "serverFarms: {p: }",
        "serverFarms: {p: {sku: p1V3, capacity: null}}",
        "networkSecurityGroups: {n: {securityRules: {r: {priority: 100, direction: inbound, "
        "access: ALLOW, protocol: tcp, sourceAddressPrefix: null, sourceAddressPrefixes: "
        "[10.0.0.0/8], sourcePortRange: '*', destinationAddressPrefix: internet, "
        "destinationPortRanges: [443, '0080-90'], destinationPortRange: }}}}",
        "routeTables: {t: {routes: {r: {addressPrefix: 0.0.0.0/0, nextHopType: none, "
        "nextHopIpAddress: null}}}}",
        "hosts: {h: {internet: TRUE, subnet: null, ipAddress: 20.1.1.1, listen: [TCP/0443]}}",
        "virtualNetworks: {v: {addressPrefixes: [10.0.0.0/16], subnets: {s: {addressPrefix: "
        "10.0.0.0/24, natGateway: null, serviceEndpoints: [microsoft.sql, {service: "
        "Microsoft.storage, locations: ['*', West Europe]}]}}}}",
        "privateDnsZones: {corp.internal: {recordSets: {'@': {TXT: text}, '*': {A: 10.0.0.4}, "
        "'*.a_b': {AAAA: ['::1', '2001:DB8::10.0.0.4']}, a.b: {CNAME: X.Example.com.}, m: {MX: "
        "{exchange: m}, ttl: 0}, s: {SRV: [{port: 5060, target: t, weight: 65535}]}}}, "
        "z: {zoneName: Z.example, virtualNetworkLinks: }}",
        "publicDns: {recordSets: {a.example: {A: [20.1.1.1, 20.1.1.2]}}, forwardTo: []}",
        "services: {s: {type: microsoft.storage/STORAGEACCOUNTS, ipAddress: 20.1.1.1, networkAcls: "
        "{defaultAction: deny, ipRules: [20.2.2.2, 20.3.0.0/16], bypass: azureservices}}, "
        "t: {ipAddress: 20.1.1.2, names: [t.example], listen: [tcp/1], serviceTag: sql}}",
        "outboundIpAddresses: [20.50.1.4]\nserverFarms: {p: }\nsites: {a: {serverFarm: p, "
        "publicNetworkAccess: disabled, dnsConfiguration: {dnsServers: [], dnsAltServer: '', "
        "dnsRetryAttemptCount: 5, dnsRetryAttemptTimeout: 30, dnsMaxCacheTimeout: 0}, "
        "dependencies: ['tcp://a.example:443'], linuxFxVersion: 'PYTHON|3.12'}}\n"
        "expectations: [{from: a, resolve: x.example, expect: nxdomain}, {from: a, resolve: "
        "x.example, expect: 10.0.0.4}, {from: a, resolve: x.example, expect: [10.0.0.4, "
        "10.0.0.5]}, {from: a, to: 'tcp://a:1', expect: NOANSWER, source: [10.0.0.4, "
        "10.1.0.0/16]}, {from: a, to: 'tcp://a:1', expect: noroute, source: 10.0.0.4}, {from: a, "
        "to: 'tcp://a:1', startup: false, traffic: APPLICATION, expect: allow}]",
        "subscriptions: {s: , t: {quotaId: 7, registeredProviders: []}}\nsubscription: T\n"
        "publicIPAddresses: {p: {ipAddress: 20.61.7.1}}\nnatGateways: {n: {publicIpAddresses: "
        "[p], publicIpPrefixes: [20.61.8.0/30, 20.61.9.0], idleTimeoutInMinutes: 120, sku: "
        "STANDARD}}\nsnatPorts: {preallocated: 1024}\nnetworkSecurityGroups: {g: "
        "{flushConnection: True}}\nvirtualNetworks: {v: {addressPrefixes: [10.0.0.0/16], "
        "flowTimeoutInMinutes: 30, subscription: null, subnets: {a: {addressPrefix: 10.0.1.0/24, "
        "natGateway: N}}}}",
        "releaseDelay: 1h30m\nmaxScaleChangesPerHour: 40\nroleAssignments: [{scope: v, actions: "
        "['*']}, {scope: V/S, actions: [Microsoft.Network/virtualNetworks/read]}]\nserverFarms: "
        "{p: "
        "{location: West Europe, hyperV: true, zoneRedundant: false, tags: {a: b}}, q: "
        "{reserved: false}, r: {sku: y1}}\nsites: {a: {serverFarm: p, location: westeurope, "
        "siteConfig: "
        "{appSettings: {A: 1}, alwaysOn: true}, publicNetworkAccess: securedbyperimeter}, b: "
        "{serverFarm: q, siteConfig: , location: }}\nvirtualNetworks: {v: {addressPrefixes: "
        "[10.0.0.0/16], subnets: {s: {addressPrefix: 10.0.0.0/24}}}}",
        "roleAssignments: []\nreleaseDelay: 0s",
        "x-plans: {a: &a {capacity: 2}}\nx-note: text\nserverFarms: {p: {<<: *a, sku: S1}}",
        "roleAssignments: [{scope: 7, actions: [7]}]\nvirtualNetworks: {7: {addressPrefixes: "
        "[10.0.0.0/16]}}",
        "outboundIpAddresses: [20.50.1.4]\nserverFarms: {p: }\nservices: {k: {type: "
        "Microsoft.KeyVault/vaults, ipAddress: 20.1.1.1, secrets: {-a-: {value: 1}}}}\n"
        "certificates: {c: {keyVault: k}}\nsites: {a: {serverFarm: p, identity: {}, logs: , "
        "vnetPrivatePortsCount: 0}, b: {serverFarm: p, identity: {type: 'SYSTEMASSIGNED, "
        "userassigned'}, backup: {storageAccountUrl: 'HTTPS://F.blob.core.windows.net:443/a?b#c', "
        "databases: [{databaseType: MYSQL}]}, logs: {applicationLogs: {}, httpLogs: "
        "{azureBlobStorage: {sasUrl: 'https://a.example./b/c'}}}}}"}) {
    EXPECT_EQ(errors_of(load_text(yaml)), "") << yaml;
    EXPECT_EQ(complaints(seen_by_editor(yaml)), "") << yaml;
  }
}

TEST(Schema, RefusesWhatTheLoaderRefusesByForm) {
  for (const char* yaml :
       {"site: {}",
        "addressAllocation: middle",
        "hosts: {h: {ipAddress: 10.0.0.4}}",
        "hosts: {h: {ipAddress: 10.0.0.4, subnet: v/s, internet: true}}",
        "hosts: {h: {ipAddress: 10.0.0.4, internet: false}}",
        "hosts: {h: {ipAddress: 10.0.0.4, subnet: v}}",
        "hosts: {-h: {internet: true}}",
        "serverFarms: {p: {sku: I1v2}}",
        "serverFarms: {p: {capacity: 0}}",
        "serverFarms: {p: {hyperV: 1}}",
        "releaseDelay: 90",
        "releaseDelay: 1w",
        "maxScaleChangesPerHour: 0",
        "roleAssignments: [{scope: v/s/t, actions: [x]}]",
        "roleAssignments: [{scope: v}]",
        "roleAssignments: [{scope: v, actions: []}]",
        "serverFarms: {p: }\nsites: {a: {serverFarm: p, siteConfig: {vnetPrivatePortsCount: 101}}}",
        "virtualNetworks: {v: {}}",
        "virtualNetworks: {v: {addressPrefixes: null}}",
        "virtualNetworks: {v: {addressPrefixes: ['::/0']}}",
        "virtualNetworks: {v: {addressPrefixes: [10.0.0.0/8], subnets: {s: {}}}}",
        "virtualNetworks: {v: {addressPrefixes: [10.0.0.0/8], subnets: {s: }}}",
        "routeTables: {t: {routes: {r: {addressPrefix: 0.0.0.0/0, nextHopType: "
        "VIRTUALAPPLIANCE}}}}",
        "routeTables: {t: {routes: {r: {addressPrefix: 0.0.0.0/0, nextHopType: None, "
        "nextHopIpAddress: 10.0.0.4}}}}",
        "routeTables: {t: {routes: {r: {addressPrefix: '*', nextHopType: None}}}}",
        "networkSecurityGroups: {n: {securityRules: {r: {priority: 100, direction: Inbound, "
        "access: Allow, protocol: Tcp}}}}",
        "privateDnsZones: {corp.internal: {recordSets: {a: {A: 10.0.0}}}}",
        "privateDnsZones: {corp.internal: {recordSets: {a: {CNAME: a..b}}}}",
        "privateDnsZones: {corp.internal: {recordSets: {a: {AAAA: [10.0.0.1]}}}}",
        "privateDnsZones: {corp.internal: {recordSets: {a: {A: 10.0.0.1, ttl: -1}}}}",
        "privateDnsZones: {corp.internal: {recordSets: {a: {MX: {preference: 1}}}}}",
        "privateDnsZones: {-a.b: {}}",
        "publicDns: {recordSets: {a: {SRV: {port: 65536, target: t}}}}",
        "services: {s: {names: [a.example]}}",
        "services: {s: {ipAddress: 20.1.1.1, publicNetworkAccess: Maybe}}",
        "services: {s: {ipAddress: 20.1.1.1, networkAcls: {bypass: [Azure]}}}",
        "privateEndpoints: {e: {subnet: v/s}}",
        "privateEndpoints: {e: {subnet: v/s, privateLinkService: s, status: Waiting}}",
        "sites: {a: {serverFarm: p, dnsConfiguration: {dnsRetryAttemptCount: 6}}}",
        "sites: {a: {serverFarm: p, dnsConfiguration: {dnsAltServer: x}}}",
        "virtualNetworks: {v: {addressPrefixes: [10.0.0.0/8], subnets: {s: {addressPrefix: "
        "10.0.0.0/24, serviceEndpoints: [{locations: ['*']}]}}}}",
        "expectations: [{from: a, expect: allow}]",
        "expectations: [{from: a, to: 'tcp://x:1', resolve: x, expect: allow}]",
        "expectations: [{from: a, resolve: x, expect: []}]",
        "expectations: [{from: a, to: 'http://x', expect: allow}]",
        "expectations: [{from: a, to: 'tcp://x:0', expect: allow}]",
        "expectations: [{from: a, startup: false, expect: running}]",
        "expectations: [{from: a, startup: true, to: 'tcp://x:1', expect: running}]",
        "expectations: [{from: a, to: 'tcp://x:1', traffic: images, expect: allow}]",
        "publicIPAddresses: {p: {}}",
        "natGateways: {n: {publicIpPrefixes: [20.61.8.0/30], idleTimeoutInMinutes: 3}}",
        "natGateways: {n: {publicIpPrefixes: [20.61.8.0/30], sku: Basic}}",
        "snatPorts: {preallocated: 0}",
        "virtualNetworks: {v: {addressPrefixes: [10.0.0.0/16], flowTimeoutInMinutes: 3}}",
        "services: {s: {type: Microsoft.KeyVault/vaults, ipAddress: 20.1.1.1, secrets: {a_b: "
        "{value: x}}}}",
        "services: {s: {type: Microsoft.KeyVault/vaults, ipAddress: 20.1.1.1, secrets: {a: }}}",
        "certificates: {c: {keyVaultSecretName: x}}",
        "serverFarms: {p: }\nsites: {a: {serverFarm: p, identity: {type: System}}}",
        "serverFarms: {p: }\nsites: {a: {serverFarm: p, vnetPrivatePortsCount: 101}}",
        "serverFarms: {p: }\nsites: {a: {serverFarm: p, backup: {}}}",
        "serverFarms: {p: }\nsites: {a: {serverFarm: p, backup: {storageAccountUrl: "
        "'https://a.example'}}}",
        "serverFarms: {p: }\nsites: {a: {serverFarm: p, logs: {httpLogs: {azureBlobStorage: "
        "{sasUrl: 'ftp://a.example/b'}}}}}"}) {
    EXPECT_NE(complaints(seen_by_editor(yaml)), "") << yaml;
    EXPECT_NE(errors_of(load_text(yaml)), "") << yaml;
  }
}

// A value that no property of that form takes.
Json broken(const Property& property) {
  if (property.many == Many::kMap) return Json::array({1});
  if (property.many == Many::kList) return "no list";
  switch (property.form) {
    case Form::kText: return Json::object();
    case Form::kInstance: return Json::array();
    case Form::kBoolean: return "yes";
    case Form::kInteger: return "1x";
    case Form::kObject: return "no object";
    default: return "?/?/?";
  }
}

// Every document in which one property of one object is broken, one for each property that is
// there.
void break_each(const Json& whole, const Json::json_pointer& at, ObjectType type,
                std::set<std::string>& done, const std::function<void(const Json&)>& use) {
  const ObjectSchema& schema = schema_of(type);
  for (const auto& [key, value] : whole.at(at).items()) {
    const Property* property = schema.find(key);
    ASSERT_NE(property, nullptr) << key;
    if (property->form == Form::kObject && property->many != Many::kOne) {
      for (const auto& [name, entry] : value.items()) {
        const auto child =
            property->many == Many::kMap ? at / key / name : at / key / std::stoul(name);
        break_each(whole, child, property->object, done, use);
      }
    }
    if (!done.insert(schema.name + "." + key).second) continue;
    Json wrong_value = whole;
    wrong_value.at(at)[key] = broken(*property);
    use(wrong_value);
    Json wrong_key = whole;
    wrong_key.at(at)[key + "Typo"] = value;
    use(wrong_key);
  }
}

TEST(Schema, TakesRandomLabsAndNoneWithOneBrokenKeyOrValue) {
  std::set<std::string> broken_so_far;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    const Lab lab = oracle::random_lab(seed);
    const Json document = document_of(lab);
    ASSERT_EQ(complaints(document), "");
    ASSERT_TRUE(loads(document, lab));
    break_each(document, Json::json_pointer(), ObjectType::kLab, broken_so_far,
               [&](const Json& changed) {
                 EXPECT_NE(complaints(changed), "") << changed.dump(1);
                 EXPECT_FALSE(loads(changed, lab)) << changed.dump(1);
               });
    if (HasFailure()) return;
  }
  EXPECT_GT(broken_so_far.size(), 40U);
}

}  // namespace
}  // namespace egress::lab
