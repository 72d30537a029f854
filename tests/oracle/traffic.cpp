// SPDX-License-Identifier: MIT
#include "tests/oracle/traffic.hpp"

#include <iterator>
#include <string>
#include <vector>

#include "lab/app_settings.hpp"

namespace egress::oracle {
namespace {

using lab::Site;

constexpr uint32_t kSendersOfClasses = 25;  // of a hundred

// Where a class is switched but for allTraffic.
struct Spellings {
  bool lab::OutboundVnetRouting::*flag;
  std::optional<bool> Site::*property;
  const char* setting;
};

const std::vector<Spellings> kSpellings = {
    {&lab::OutboundVnetRouting::image_pull_traffic, &Site::vnet_image_pull_enabled,
     "WEBSITE_PULL_IMAGE_OVER_VNET"},
    {&lab::OutboundVnetRouting::content_share_traffic, &Site::vnet_content_share_enabled,
     "WEBSITE_CONTENTOVERVNET"},
    {&lab::OutboundVnetRouting::backup_restore_traffic, &Site::vnet_backup_restore_enabled,
     nullptr},
    {&lab::OutboundVnetRouting::managed_identity_traffic, nullptr, nullptr}};

std::string some_value(bool on, Random& random) {
  const std::vector<std::string> values = on ? std::vector<std::string>{"1", "true", "True"}
                                             : std::vector<std::string>{"0", "false", "no"};
  return random.pick(values);
}

// Who has the object has its flags; the others have the older spellings, which may disagree.
void draw_switch(Site& site, const Spellings& spellings, Random& random) {
  if (site.outbound_vnet_routing) {
    (*site.outbound_vnet_routing).*spellings.flag = random.chance(50);
    if (spellings.property != nullptr) (site.*spellings.property).reset();
  } else if (spellings.property != nullptr) {
    (site.*spellings.property).reset();
    if (random.chance(50)) site.*spellings.property = random.chance(60);
  }
  if (spellings.setting == nullptr) return;
  site.app_settings.erase(spellings.setting);
  if (random.chance(50)) {
    site.app_settings[spellings.setting] = some_value(random.chance(60), random);
  }
}

void draw_switches(Site& site, Random& random) {
  for (const Spellings& spellings : kSpellings) draw_switch(site, spellings, random);
}

// One thing to fetch: present, or not.
void draw_task(Site& site, uint32_t which, Random& random) {
  const bool wanted = random.chance(50);
  const auto set = [&](const char* name, const char* value) {
    site.app_settings.erase(name);
    if (wanted) site.app_settings[name] = value;
  };
  switch (which) {
    case 0: site.linux_fx_version = wanted ? "DOCKER|images.example.com/site:1" : ""; break;
    case 1:
      set(lab::kContentConnectionSetting,
          "AccountName=files;AccountKey=a;EndpointSuffix=core.windows.net");
      set(lab::kContentShareSetting, "site");
      break;
    case 2:
      site.identity = wanted ? lab::IdentityType::kSystemAssigned : lab::IdentityType::kNone;
      break;
    case 3: set("SECRET", "@Microsoft.KeyVault(VaultName=shop;SecretName=db)"); break;
    default:
      site.backup.reset();
      if (wanted)
        site.backup = lab::Backup{.storage_account_url = "https://files.example.com/site"};
  }
}
constexpr uint32_t kTasks = 5;

}  // namespace

void add_traffic(lab::Lab& lab, Random& random) {
  for (auto& [name, site] : lab.sites) {
    if (random.chance(70)) draw_switches(site, random);
    if (random.chance(30)) continue;
    for (uint32_t task = 0; task < kTasks; ++task) draw_task(site, task, random);
  }
}

void change_traffic(lab::Lab& lab, Random& random) {
  Site& site = random.any_of(lab.sites);
  if (random.chance(50)) {
    draw_switches(site, random);
  } else {
    draw_task(site, random.below(kTasks), random);
  }
}

policy::TrafficInUse run_in(const lab::Lab& lab) {
  policy::TrafficInUse in_use;
  for (const auto& [name, site] : lab.sites) {
    if (site.backup) in_use[name].insert(lab::TrafficClass::kBackupRestore);
  }
  return in_use;
}

void draw_traffic(const policy::TrafficInUse& in_use, Random& random, lab::Sender& sender) {
  const auto classes = in_use.find(sender.site);
  if (!random.chance(kSendersOfClasses) || classes == in_use.end()) return;
  const auto count = static_cast<uint32_t>(classes->second.size());
  sender.traffic = *std::next(classes->second.begin(), random.below(count));
}

}  // namespace egress::oracle
