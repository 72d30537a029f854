// SPDX-License-Identifier: MIT
#include "lab/schema/known_settings.hpp"

#include <algorithm>
#include <span>

#include "lab/app_settings.hpp"
#include "lab/dns_app_settings.hpp"

namespace egress::lab {
namespace {

constexpr const char* kEmulated[] = {"WEBSITE_VNET_ROUTE_ALL",
                                     "WEBSITE_CONTENTOVERVNET",
                                     "WEBSITE_PULL_IMAGE_OVER_VNET",
                                     kContentConnectionSetting,
                                     kContentShareSetting,
                                     kSkipShareValidationSetting,
                                     kRegistrySetting,
                                     kPortSetting.name,
                                     kDnsServerSetting,
                                     kDnsAltServerSetting,
                                     kDnsCacheSetting,
                                     kDnsAttemptsSetting.name,
                                     kDnsTimeoutSetting.name,
                                     kDnsMaxCacheTimeoutSetting.name};
constexpr const char* kSet[] = {"WEBSITE_PRIVATE_IP",  "WEBSITE_PRIVATE_PORTS", "WEBSITE_VNETNAME",
                                "WEBSITE_INSTANCE_ID", "WEBSITE_HOSTNAME",      "WEBSITE_SITE_NAME",
                                "IDENTITY_ENDPOINT",   "IDENTITY_HEADER",       "MSI_ENDPOINT",
                                "MSI_SECRET"};
constexpr const char* kNoNetwork[] = {"WEBSITE_RESOURCE_GROUP",
                                      "WEBSITE_OWNER_NAME",
                                      "WEBSITE_SKU",
                                      "WEBSITE_COMPUTE_MODE",
                                      "WEBSITE_PLATFORM_VERSION",
                                      "WEBSITE_IIS_SITE_NAME",
                                      "WEBSITE_DEPLOYMENT_ID",
                                      "WEBSITE_SLOT_NAME",
                                      "WEBSITE_TIME_ZONE",
                                      "WEBSITE_CORS_ALLOWED_ORIGINS",
                                      "WEBSITE_CORS_SUPPORT_CREDENTIALS",
                                      "WEBSITE_ADD_SITENAME_BINDINGS_IN_APPHOST_CONFIG",
                                      "WEBSITE_NODE_DEFAULT_VERSION",
                                      "WEBSITE_LOAD_CERTIFICATES",
                                      "WEBSITE_LOAD_USER_PROFILE",
                                      "WEBSITE_LOAD_ROOT_CERTIFICATES",
                                      "WEBSITE_WARMUP_PATH",
                                      "WEBSITE_WARMUP_STATUSES",
                                      "WEBSITE_SWAP_WARMUP_PING_PATH",
                                      "WEBSITE_SWAP_WARMUP_PING_STATUSES",
                                      "WEBSITE_OVERRIDE_STICKY_DIAGNOSTICS_SETTINGS",
                                      "WEBSITE_OVERRIDE_STICKY_EXTENSION_VERSIONS",
                                      "WEBSITE_LOCAL_CACHE_OPTION",
                                      "WEBSITE_LOCAL_CACHE_SIZEINMB",
                                      "WEBSITE_LOCAL_CACHE_READWRITE_OPTION",
                                      "WEBSITE_LOCALCACHE_ENABLED",
                                      "WEBSITE_LOCAL_CACHE_READY",
                                      "WEBSITE_DYNAMIC_CACHE",
                                      "WEBSITE_READONLY_APP",
                                      "WEBSITE_DISABLE_MSI",
                                      "WEBSITE_DISABLE_CLUSTERING",
                                      "WEBSITE_DISABLE_OVERLAPPED_RECYCLING",
                                      "WEBSITE_DISABLE_SCM_SEPARATION",
                                      "WEBSITE_ENABLE_SYNC_UPDATE_SITE",
                                      "WEBSITE_FIRST_PARTY_ID",
                                      "WEBSITE_HTTPLOGGING_CONTAINER_URL",
                                      "WEBSITE_HTTPLOGGING_ENABLED",
                                      "WEBSITE_HTTPLOGGING_RETENTION_DAYS",
                                      "WEBSITE_IDLE_TIMEOUT_IN_MINUTES",
                                      "WEBSITE_MAX_DYNAMIC_APPLICATION_SCALE_OUT",
                                      "WEBSITE_MEMORY_LIMIT_MB",
                                      "WEBSITE_MOUNT_ENABLED",
                                      "WEBSITE_NPM_DEFAULT_VERSION",
                                      "WEBSITE_OS",
                                      "WEBSITE_PHP_DEFAULT_VERSION",
                                      "WEBSITE_PYTHON_DEFAULT_VERSION",
                                      "WEBSITE_PROACTIVE_AUTOHEAL_ENABLED",
                                      "WEBSITE_PROACTIVE_CRASHMONITORING_ENABLED",
                                      "WEBSITE_DAAS_STORAGE_SASURI",
                                      "WEBSITE_DAAS_STORAGE_CONNECTIONSTRING",
                                      "WEBSITE_SCM_ALWAYS_ON_ENABLED",
                                      "WEBSITE_SCM_SEPARATE_STATUS",
                                      "WEBSITE_SSL_MIN_VERSION",
                                      "WEBSITE_USE_DIAGNOSTIC_SERVER",
                                      "WEBSITE_VOLUME_TYPE",
                                      "WEBSITE_WEBDEPLOY_USE_SCM",
                                      "WEBSITE_WEBJOBS_DISABLE_SCHEDULE",
                                      "WEBSITE_FILEAUDIT_ENABLED",
                                      "WEBSITE_AUTH_ENABLED",
                                      "WEBSITE_AUTH_ENCRYPTION_KEY",
                                      "WEBSITE_AUTH_SIGNING_KEY",
                                      "WEBSITE_AUTH_LOGOUT_PATH",
                                      "WEBSITE_AUTH_PRESERVE_URL_FRAGMENT",
                                      "WEBSITE_AUTH_AAD_ALLOWED_TENANTS",
                                      "WEBSITE_HEALTHCHECK_MAXPINGFAILURES",
                                      "WEBSITE_HEALTHCHECK_MAXUNHEALTHYWORKERPERCENT",
                                      "WEBSITE_SLOT_MAX_NUMBER_OF_TIMEOUTS",
                                      "WEBSITE_STAMP_DEPLOYMENT_ID",
                                      "WEBSITE_USE_PLACEHOLDER",
                                      "WEBSITE_USE_PLACEHOLDER_DOTNETISOLATED",
                                      "WEBSITE_ZIP_PRESERVE_FILETIME",
                                      "WEBSITE_DEFAULT_HOSTNAME",
                                      "WEBSITES_ENABLE_APP_SERVICE_STORAGE",
                                      "WEBSITES_CONTAINER_START_TIME_LIMIT",
                                      "WEBSITES_CONTAINER_STOP_TIME_LIMIT",
                                      "WEBSITES_WEB_CONTAINER_NAME",
                                      "WEBSITES_DISABLE_FILE_LOGGING",
                                      "DOCKER_REGISTRY_SERVER_USERNAME",
                                      "DOCKER_REGISTRY_SERVER_PASSWORD"};

void add(std::vector<KnownSettingName>& all, SettingUse use, std::span<const char* const> names) {
  for (const char* name : names) all.push_back({name, use});
}

std::vector<KnownSettingName> make_all() {
  std::vector<KnownSettingName> all;
  add(all, SettingUse::kEmulated, kEmulated);
  add(all, SettingUse::kSet, kSet);
  all.push_back({"WEBSITE_RUN_FROM_PACKAGE", SettingUse::kNotEmulated, {"0", "1"}});
  all.push_back({"WEBSITE_RUN_FROM_ZIP", SettingUse::kNotEmulated, {"0", "1"}});
  all.push_back({"WEBSITE_DISABLE_OUTBOUND_CONNECTIONS", SettingUse::kNotEmulated, {"0", "false"}});
  all.push_back({"WEBSITE_PRIVATE_EXTENSIONS", SettingUse::kNotEmulated, {"0", "1"}});
  add(all, SettingUse::kNoNetwork, kNoNetwork);
  return all;
}

}  // namespace

const std::vector<KnownSettingName>& known_setting_names() {
  static const std::vector<KnownSettingName> all = make_all();
  return all;
}

const KnownSettingName* find_known_setting(const std::string& name) {
  const auto& all = known_setting_names();
  const auto found = std::find_if(
      all.begin(), all.end(), [&](const KnownSettingName& known) { return known.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace egress::lab
