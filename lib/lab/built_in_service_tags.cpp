// SPDX-License-Identifier: MIT
#include "lab/built_in_service_tags.hpp"

#include <array>
#include <string>
#include <vector>

namespace egress::lab {
namespace {

struct Entry {
  const char* name = "";
  const char* region = "";
  std::array<const char*, 4> prefixes{};  // null behind the last one
};

// Taken from change 375 of the file that Microsoft publishes: at most four prefixes of each.
constexpr Entry kEntries[] = {
    {"AppService.EastUS",
     "eastus",
     {"20.49.104.0/25", "20.119.0.0/20", "20.119.16.0/21", "20.119.27.0/25"}},
    {"AppService.NorthEurope",
     "northeurope",
     {"13.69.228.0/25", "20.50.64.0/25", "20.107.224.0/21", "20.107.239.0/26"}},
    {"AppService.WestEurope",
     "westeurope",
     {"13.69.68.0/23", "20.50.2.0/23", "20.105.216.0/21", "20.105.224.0/20"}},
    {"AzureActiveDirectory",
     "",
     {"20.20.32.0/19", "20.190.128.0/18", "20.231.128.0/19", "40.126.0.0/18"}},
    {"AzureCloud.eastus",
     "eastus",
     {"4.156.0.0/15", "13.82.0.0/16", "13.90.0.0/16", "172.190.0.0/15"}},
    {"AzureCloud.northeurope",
     "northeurope",
     {"4.207.0.0/16", "4.208.0.0/15", "13.74.0.0/16", "13.79.0.0/16"}},
    {"AzureCloud.westeurope",
     "westeurope",
     {"4.175.0.0/16", "4.180.0.0/16", "13.80.0.0/15", "108.142.0.0/15"}},
    {"AzureContainerRegistry.EastUS",
     "eastus",
     {"20.42.66.0/24", "20.42.67.0/24", "40.78.231.0/24", "57.151.4.0/23"}},
    {"AzureContainerRegistry.NorthEurope",
     "northeurope",
     {"4.207.245.0/24", "13.69.236.0/23", "13.69.238.0/24", "13.74.110.0/24"}},
    {"AzureContainerRegistry.WestEurope",
     "westeurope",
     {"13.69.110.0/24", "20.61.97.128/25", "52.178.18.0/23", "172.211.120.0/23"}},
    {"AzureCosmosDB.EastUS",
     "eastus",
     {"40.71.10.0/25", "40.78.226.0/25", "40.79.154.128/26", "52.191.41.128/25"}},
    {"AzureCosmosDB.NorthEurope",
     "northeurope",
     {"13.69.226.0/25", "13.74.106.0/25", "20.166.42.128/26", "20.166.46.128/25"}},
    {"AzureCosmosDB.WestEurope",
     "westeurope",
     {"13.69.66.0/25", "13.69.112.0/25", "20.50.93.128/26", "68.219.171.128/25"}},
    {"AzureFrontDoor.Frontend",
     "",
     {"13.107.234.0/23", "13.107.238.0/23", "40.90.64.0/22", "150.171.84.0/22"}},
    {"AzureKeyVault.EastUS",
     "eastus",
     {"20.42.64.44/30", "20.42.73.8/30", "20.62.134.224/29", "20.88.156.160/29"}},
    {"AzureKeyVault.NorthEurope",
     "northeurope",
     {"13.69.227.72/30", "13.74.111.148/30", "20.50.80.192/30", "52.146.137.168/29"}},
    {"AzureKeyVault.WestEurope",
     "westeurope",
     {"13.69.64.72/30", "13.69.111.192/30", "20.61.103.224/29", "20.61.103.232/30"}},
    {"AzureMonitor.EastUS",
     "eastus",
     {"20.42.65.128/25", "20.42.73.128/25", "20.62.132.0/25", "48.194.2.0/24"}},
    {"AzureMonitor.NorthEurope",
     "northeurope",
     {"4.207.185.0/24", "4.207.252.128/27", "4.207.252.192/26", "13.69.233.96/27"}},
    {"AzureMonitor.WestEurope",
     "westeurope",
     {"13.69.109.224/27", "20.50.88.224/27", "57.153.246.192/26", "172.199.21.0/24"}},
    {"CognitiveServicesManagement",
     "",
     {"20.21.86.0/25", "20.24.2.0/25", "20.26.17.0/25", "20.59.86.0/25"}},
    {"EventHub.EastUS",
     "eastus",
     {"20.42.68.64/26", "20.42.74.0/26", "52.191.45.0/24", "172.191.248.0/24"}},
    {"EventHub.NorthEurope",
     "northeurope",
     {"13.69.227.0/26", "13.69.239.0/26", "20.82.245.0/24", "134.149.88.0/23"}},
    {"EventHub.WestEurope",
     "westeurope",
     {"13.69.64.0/26", "13.69.106.0/26", "20.86.89.0/24", "68.219.160.128/25"}},
    {"MicrosoftContainerRegistry.EastUS",
     "eastus",
     {"40.71.10.208/29", "40.78.226.200/29", "40.79.154.96/29"}},
    {"MicrosoftContainerRegistry.NorthEurope",
     "northeurope",
     {"13.69.227.80/29", "13.74.107.72/29", "52.138.226.72/29"}},
    {"MicrosoftContainerRegistry.WestEurope",
     "westeurope",
     {"13.69.64.80/29", "13.69.106.72/29", "52.236.186.72/29"}},
    {"ServiceBus.EastUS",
     "eastus",
     {"20.42.65.0/26", "57.152.109.128/25", "57.154.200.128/25", "57.154.201.0/24"}},
    {"ServiceBus.NorthEurope",
     "northeurope",
     {"13.69.233.192/26", "20.82.244.128/25", "172.205.66.0/24", "172.205.67.0/25"}},
    {"ServiceBus.WestEurope",
     "westeurope",
     {"13.69.111.64/26", "20.86.92.0/25", "57.153.238.128/25", "57.153.239.0/24"}},
    {"Sql.EastUS",
     "eastus",
     {"20.42.69.0/25", "20.42.75.0/25", "52.168.118.0/25", "52.179.78.0/24"}},
    {"Sql.NorthEurope",
     "northeurope",
     {"20.166.43.0/25", "20.166.45.0/24", "52.146.133.128/25", "68.219.193.128/25"}},
    {"Sql.WestEurope",
     "westeurope",
     {"13.69.116.128/25", "20.50.94.0/25", "52.236.184.128/25", "68.219.168.0/24"}},
    {"Storage.EastUS",
     "eastus",
     {"20.33.224.0/23", "20.60.60.0/22", "52.239.152.0/22", "52.239.168.0/22"}},
    {"Storage.NorthEurope",
     "northeurope",
     {"20.33.228.0/23", "20.38.102.0/23", "20.47.20.0/23", "52.239.136.0/22"}},
    {"Storage.WestEurope",
     "westeurope",
     {"20.38.108.0/23", "20.47.18.0/23", "20.60.222.0/23", "52.239.140.0/22"}},
};

AddressSet addresses_of(const Entry& entry) {
  std::vector<Ipv4Prefix> prefixes;
  for (const char* text : entry.prefixes) {
    if (text == nullptr) break;
    const auto prefix = Ipv4Prefix::parse(text);
    EG_CHECK(prefix.ok(), "the table holds prefixes");
    prefixes.push_back(*prefix);
  }
  return address_set(prefixes);
}

ServiceTags make_tags() {
  ServiceTags tags;
  for (const Entry& entry : kEntries) {
    const std::string name = entry.name;
    AddressSet addresses = addresses_of(entry);
    if (*entry.region != '\0') {
      AddressSet& everywhere = tags[name.substr(0, name.find('.'))].addresses;
      everywhere = everywhere.united(addresses);
    }
    tags[name] = {entry.region, std::move(addresses)};
  }
  return tags;
}

}  // namespace

const ServiceTags& built_in_service_tags() {
  static const ServiceTags tags = make_tags();
  return tags;
}

}  // namespace egress::lab
