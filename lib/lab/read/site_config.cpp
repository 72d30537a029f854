// SPDX-License-Identifier: MIT

// What ARM keeps in a site's siteConfig may stand there or on the site. It becomes the site's own;
// what has different values in the two places is refused (azure-facts 1.2.2, 13.7).

#include "lab/azure_texts.hpp"
#include "lab/read/resources.hpp"

namespace egress::lab {
namespace {

class SiteConfigReader {
 public:
  SiteConfigReader(ObjectReader& site, const Value& value)
      : site_(site),
        config_(site.reader(), value, ObjectType::kSiteConfig),
        findings_(site.reader().findings()),
        path_(value.path),
        site_path_(value.path.substr(0, value.path.rfind('.'))) {}

  void fold_into(Site& site) {
    fold("linuxFxVersion", "LinuxFxVersion", &Reader::text, site.linux_fx_version);
    fold("vnetRouteAllEnabled", "VnetRouteAllEnabled", &Reader::boolean,
         site.vnet_route_all_enabled);
    std::optional<int> ports;
    config_.integer_into(ports, "vnetPrivatePortsCount");
    fold("vnetPrivatePortsCount", "VnetPrivatePortsCount", ports, site.vnet_private_ports_count);
    std::optional<PublicNetworkAccess> access;
    if (const auto value = config_.at("publicNetworkAccess")) {
      access = config_.reader().word(*value, site_public_network_accesses());
    }
    fold("publicNetworkAccess", "PublicNetworkAccess", access, site.public_network_access);
    fold_settings(site);
  }

 private:
  // `name` is the property's in Azure's sentence.
  template <typename T, typename Own>
  void fold(const char* property, const char* name, std::optional<T> (Reader::*read)(const Value&),
            Own& own) {
    std::optional<T> inside;
    config_.into(inside, property, read);
    fold(property, name, inside, own);
  }
  template <typename T, typename Own>
  void fold(const std::string& property, const std::string& name, const std::optional<T>& inside,
            Own& own) {
    if (!is_trusted(property) || !inside) return;
    if (!site_.at(property)) {
      own = *inside;
    } else if (findings_.trusts(site_path_ + "." + property) && !(own == *inside)) {
      refuse(*config_.at(property), name);
    }
  }

  // Each setting may stand in either place.
  void fold_settings(Site& site) {
    const std::vector<AppSetting> settings = read_app_settings(config_);
    static_cast<void>(is_trusted("appSettings"));
    for (const AppSetting& setting : settings) {
      const auto [own, is_new] = site.app_settings.emplace(setting.place.key, setting.value);
      if (is_new || own->second == setting.value) continue;
      refuse(setting.place, "AppSettings." + shown(setting.place.key));
    }
  }

  // What was not read here is not known of the site either.
  bool is_trusted(const std::string& property) {
    if (findings_.trusts(path_ + "." + property)) return true;
    findings_.distrust(site_path_ + "." + property);
    return false;
  }

  void refuse(const Value& value, const std::string& name) {
    AzureText text = differing_site_config(name);
    config_.reader().fail(value, std::move(text.code), std::move(text.message),
                          "write only one of the two");
  }

  ObjectReader& site_;
  ObjectReader config_;
  Findings& findings_;
  std::string path_;
  std::string site_path_;
};

}  // namespace

std::vector<AppSetting> read_app_settings(ObjectReader& object) {
  Reader& reader = object.reader();
  std::vector<AppSetting> settings;
  const auto map = object.at("appSettings");
  for (const Value& place :
       map && !map->is_empty_list() ? reader.entries(*map) : std::vector<Value>{}) {
    // Settings are text to the app: numbers and booleans are taken as they are written.
    if (place.is_null()) {
      reader.fail_at_key(place, "type", "text is expected, not nothing",
                         "write \"\" for an empty value");
    } else if (auto text = reader.text(place)) {
      settings.push_back({place, std::move(*text)});
    }
  }
  return settings;
}

void read_site_config(ObjectReader& object, Site& site) {
  if (const auto config = object.at("siteConfig"))
    SiteConfigReader(object, *config).fold_into(site);
}

}  // namespace egress::lab
