// SPDX-License-Identifier: MIT

// What stands in app settings and in `linuxFxVersion`, and in URLs.

#include "lab/platform.hpp"

#include <gmock/gmock.h>

#include "lab/app_settings.hpp"
#include "lab/https_url.hpp"
#include "lab/lab.hpp"

namespace egress::lab {
namespace {

using testing::ElementsAre;

TEST(HttpsUrl, HasAHostAndAPath) {
  struct Case {
    const char* text;
    const char* host;
    const char* path;
  };
  for (const Case& each :
       {Case{"https://keys.vault.azure.net/secrets/db", "keys.vault.azure.net", "/secrets/db"},
        Case{"HTTPS://Keys.Vault.azure.net.:443/Secrets", "keys.vault.azure.net", "/Secrets"},
        Case{"https://a.example", "a.example", ""}, Case{"https://a.example?b=/c", "a.example", ""},
        Case{"https://a.example/b?c=d#e", "a.example", "/b"},
        Case{"https://a.example/#?", "a.example", "/"}}) {
    const auto url = parse_https_url(each.text);
    ASSERT_TRUE(url) << each.text;
    EXPECT_EQ(url->host, each.host) << each.text;
    EXPECT_EQ(url->path, each.path) << each.text;
  }
}

TEST(HttpsUrl, IsOfAServiceOnPort443) {
  for (const char* text :
       {"", "https://", "https:///a", "http://a.example/", "a.example/b", "https://a..b/",
        "https://a.example:80/", "https://:443/", "https://user@a.example/", "https://a b/"}) {
    EXPECT_FALSE(parse_https_url(text)) << text;
  }
}

std::optional<KeyVaultReference> reference(const std::string& inside) {
  return parse_key_vault_reference("S", "@Microsoft.KeyVault(" + inside + ")");
}

TEST(KeyVaultReference, IsWrittenInTwoWays) {
  const KeyVaultReference latest{"S", "keys.vault.azure.net", "db", ""};
  const KeyVaultReference versioned{"S", "keys.vault.azure.net", "db", "0123"};
  EXPECT_EQ(reference("SecretUri=https://keys.vault.azure.net/secrets/db"), latest);
  EXPECT_EQ(reference("SecretUri=https://keys.vault.azure.net/secrets/db/"), latest);
  EXPECT_EQ(reference("SecretUri=https://keys.vault.azure.net/secrets/db/0123"), versioned);
  EXPECT_EQ(reference("secreturi=HTTPS://Keys.vault.azure.net/secrets/db/0123/"), versioned);
  EXPECT_EQ(reference("VaultName=Keys;SecretName=db"), latest);
  EXPECT_EQ(reference("SecretVersion=0123;SecretName=db;VaultName=keys"), versioned);
}

TEST(KeyVaultReference, ThatIsNotWholeIsNone) {
  for (const char* inside :
       {"", "SecretUri=", "SecretUri=https://keys.vault.azure.net",
        "SecretUri=https://keys.vault.azure.net/secrets/", "VaultName=keys", "SecretName=db",
        "SecretUri=https://keys.vault.azure.net/secrets/db/1/2", "VaultName=a b;SecretName=db",
        "SecretUri=https://keys.vault.azure.net/certificates/db", "VaultName=;SecretName=db"}) {
    EXPECT_FALSE(reference(inside)) << inside;
    EXPECT_TRUE(is_key_vault_reference("@Microsoft.KeyVault(" + std::string(inside) + ")"));
  }
  EXPECT_FALSE(parse_key_vault_reference("S", "@Microsoft.KeyVault(VaultName=k;SecretName=s"));
  for (const char* text : {"", "plain", "@Microsoft.AppConfiguration(Endpoint=x)"}) {
    EXPECT_FALSE(is_key_vault_reference(text)) << text;
  }
}

TEST(KeyVaultReferences, OfASiteAreThoseThatAreWhole) {
  const Site site{.app_settings = {{"B", "@Microsoft.KeyVault(VaultName=v;SecretName=s)"},
                                   {"A", "@Microsoft.KeyVault(VaultName=v;SecretName=t)"},
                                   {"C", "@Microsoft.KeyVault(VaultName=v)"},
                                   {"D", "plain"}}};
  EXPECT_THAT(key_vault_references(site),
              ElementsAre(KeyVaultReference{"A", "v.vault.azure.net", "t", ""},
                          KeyVaultReference{"B", "v.vault.azure.net", "s", ""}));
}

TEST(ImageOf, ASiteIsInTheRegistryThatItNames) {
  struct Case {
    const char* version;
    const char* registry;
    uint16_t port;
  };
  for (const Case& each : {Case{"DOCKER|images.azurecr.io/web:1", "images.azurecr.io", 443},
                           Case{"docker|Images.azurecr.io/a/b@sha256:0", "images.azurecr.io", 443},
                           Case{"DOCKER|registry:5000/web", "registry", 5000},
                           Case{"DOCKER|10.0.0.5:5000/web", "10.0.0.5", 5000},
                           Case{"DOCKER|docker.io/library/nginx", kDockerHub, 443},
                           Case{"DOCKER|library/nginx:1.27", kDockerHub, 443},
                           Case{"DOCKER|nginx:1.27", kDockerHub, 443}}) {
    const auto image = image_of({.linux_fx_version = each.version});
    ASSERT_TRUE(image) << each.version;
    EXPECT_EQ(image->image, std::string(each.version).substr(7)) << each.version;
    EXPECT_EQ(image->registry, each.registry) << each.version;
    EXPECT_EQ(image->port, each.port) << each.version;
  }
}

TEST(ImageOf, ASiteWithoutAHostIsInTheRegistryOfItsSettings) {
  const auto registry = [](const char* version, const char* setting) {
    return image_of({.app_settings = {{kRegistrySetting, setting}}, .linux_fx_version = version})
        ->registry;
  };
  EXPECT_EQ(registry("DOCKER|web:1", "https://images.azurecr.io"), "images.azurecr.io");
  EXPECT_EQ(registry("DOCKER|team/web:1", "https://images.azurecr.io/"), "images.azurecr.io");
  EXPECT_EQ(registry("DOCKER|a.example/web:1", "https://images.azurecr.io"), "a.example");
  EXPECT_EQ(registry("DOCKER|web:1", "https://index.docker.io/v1"), kDockerHub);
  EXPECT_EQ(registry("DOCKER|web:1", "somewhere"), kDockerHub);
}

TEST(ImageOf, ASiteThatRunsNoContainerIsNone) {
  for (const char* version : {"", "DOCKER", "DOCKER|", "PYTHON|3.12", "COMPOSE|x"}) {
    EXPECT_FALSE(image_of({.linux_fx_version = version})) << version;
  }
  EXPECT_TRUE(is_docker_compose({.linux_fx_version = "compose|x"}));
  EXPECT_FALSE(is_docker_compose({.linux_fx_version = "DOCKER|compose"}));
}

TEST(ShareHostOf, AConnectionStringIsItsAccounts) {
  EXPECT_EQ(share_host_of("DefaultEndpointsProtocol=https;AccountName=Files;AccountKey=a==;"
                          "EndpointSuffix=core.windows.net"),
            "files.file.core.windows.net");
  EXPECT_EQ(share_host_of("accountname=files"), "files.file.core.windows.net");
  EXPECT_EQ(share_host_of("AccountName=files;EndpointSuffix=core.chinacloudapi.cn"),
            "files.file.core.chinacloudapi.cn");
  EXPECT_EQ(share_host_of("AccountName=x;FileEndpoint=https://share.example/"), "share.example");
  for (const char* none : {"", ";;", "=", "AccountName=", "AccountName=a b", "files",
                           "FileEndpoint=http://share.example/"}) {
    EXPECT_FALSE(share_host_of(none)) << none;
  }
}

TEST(PlatformVariables, OfTheIdentityAreThereWithOneAlone) {
  EXPECT_THAT(platform_variables({}),
              ElementsAre("WEBSITE_PRIVATE_IP", "WEBSITE_PRIVATE_PORTS", "WEBSITE_SITE_NAME",
                          "WEBSITE_HOSTNAME", "WEBSITE_INSTANCE_ID"));
  EXPECT_THAT(platform_variables({.virtual_network_subnet = SubnetRef{"v", "s"},
                                  .identity = IdentityType::kUserAssigned}),
              ElementsAre("WEBSITE_PRIVATE_IP", "WEBSITE_PRIVATE_PORTS", "WEBSITE_SITE_NAME",
                          "WEBSITE_HOSTNAME", "WEBSITE_INSTANCE_ID", "WEBSITE_VNETNAME",
                          "IDENTITY_ENDPOINT", "IDENTITY_HEADER", "MSI_ENDPOINT", "MSI_SECRET"));
}

}  // namespace
}  // namespace egress::lab
