// SPDX-License-Identifier: MIT

#include "lab/limits.hpp"
#include "lab/schema/objects.hpp"
#include "lab/schema/vocabulary.hpp"

namespace egress::lab {
namespace {

ObjectSchema service_schema() {
  Property access = word("publicNetworkAccess", words_of(public_network_accesses()),
                         "Disabled refuses whoever comes by no private endpoint.");
  access.default_value = "Enabled";
  Property acls = value("networkAcls", Form::kObject, "Whom it serves. Without them, everybody.");
  acls.object = ObjectType::kNetworkAcls;
  return {
      ObjectType::kService,
      "service",
      "An emulated platform service on its public address. What its type says can be written "
      "instead.",
      {value("type", Form::kText,
             "Microsoft.Storage/storageAccounts, Microsoft.Sql/servers, "
             "Microsoft.KeyVault/vaults, Microsoft.ContainerRegistry/registries, "
             "Microsoft.DocumentDB/databaseAccounts, Microsoft.ServiceBus/namespaces, "
             "Microsoft.EventHub/namespaces, Microsoft.CognitiveServices/accounts or "
             "Microsoft.Web/sites, which say its names, ports and service tag. Of another type "
             "they are written."),
       value("location", Form::kRegion, "Its region, when it is not the lab's."),
       required(value("ipAddress", Form::kAddress, "Its public address.")),
       list("names", Form::kDomainName,
            "Its public names. A suffix that is known tells the private name, too."),
       list("listen", Form::kListen, "Ports that answer.", 0, static_cast<int>(kMaxListen)),
       value("serviceTag", Form::kText, "The service tag that its address is in."), access, acls,
       map("secrets", ObjectType::kSecret,
           {"a secret", kMaxSecretName, "-", "-", "letters, digits and '-'"},
           "Of a vault, by name. Without them it has every secret."),
       subscription_property()}};
}

ObjectSchema secret_schema() {
  return {ObjectType::kSecret,
          "secret",
          "A secret of a vault.",
          {required(value("value", Form::kText, "What references to it stand for."))}};
}

ObjectSchema network_acls_schema() {
  Property action =
      word("defaultAction", words_of(accesses()), "What becomes of whom no rule names.");
  action.default_value = "Allow";
  Property bypass = word("bypass", words_of(bypasses()), "Trusted services; no app is one.");
  bypass.many = Many::kOneOrList;
  return {ObjectType::kNetworkAcls,
          "networkAcls",
          "Whom a service serves.",
          {action,
           list("ipRules", Form::kPrefix,
                "Public addresses and prefixes that it serves, of who comes by the Internet."),
           list("virtualNetworkRules", Form::kSubnet,
                "Subnets that it serves, of who comes by a service endpoint."),
           bypass}};
}

ObjectSchema private_endpoint_schema() {
  Property status = word("status", words_of(endpoint_statuses()),
                         "Of the connection. Its names and records stand whatever it is; packets "
                         "pass when it is Approved.");
  status.default_value = "Approved";
  return {
      ObjectType::kPrivateEndpoint,
      "privateEndpoint",
      "A private endpoint.",
      {required(value("subnet", Form::kSubnet, "The subnet that it is in.")),
       value("ipAddress", Form::kAddress, "Its address. Default: the subnet's next free address."),
       required(
           value("privateLinkService", Form::kText, "What it leads to: a service, or a site.")),
       list("groupIds", Form::kText,
            "Sub-resources that it is for, as blob or sqlServer. Not needed where the type has "
            "one."),
       status,
       list("privateDnsZones", Form::kText,
            "Its zone group: private DNS zones that get its A records.")}};
}

ObjectSchema service_endpoint_schema() {
  return {ObjectType::kServiceEndpoint,
          "serviceEndpoint",
          "A service endpoint of a subnet.",
          {required(word("service", service_endpoint_names(), "The service.")),
           list("locations", Form::kRegionOrAny,
                "Regions of the service, or \"*\". Default: the network's region for "
                "Microsoft.Sql, with its pair for Microsoft.Storage, else all.")}};
}

}  // namespace

std::vector<ObjectSchema> service_schemas() {
  return {service_schema(), network_acls_schema(), private_endpoint_schema(),
          service_endpoint_schema(), secret_schema()};
}

}  // namespace egress::lab
