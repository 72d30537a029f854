// SPDX-License-Identifier: MIT

#include "lab/schema/objects.hpp"
#include "lab/schema/vocabulary.hpp"

namespace egress::lab {
namespace {

ObjectSchema identity_schema() {
  Property type = word("type", words_of(identity_types()), "Whose it is.");
  type.default_value = name_of(IdentityType::kNone);
  return {ObjectType::kIdentity,
          "identity",
          "A managed identity. A token for it is fetched from login.microsoftonline.com when the "
          "app starts.",
          {type}};
}

ObjectSchema backup_schema() {
  Property databases = list("databases", Form::kObject, "Databases that go with it.");
  databases.object = ObjectType::kDatabaseBackup;
  return {ObjectType::kBackup,
          "backup",
          "Custom backups.",
          {required(value("storageAccountUrl", Form::kHttpsUrl,
                          "The container that takes them, https://HOST/CONTAINER, perhaps with a "
                          "signature.")),
           databases}};
}

ObjectSchema database_backup_schema() {
  return {ObjectType::kDatabaseBackup,
          "databaseBackup",
          "A database in a backup.",
          {required(word("databaseType", words_of(database_types()), "Its kind.")),
           value("name", Form::kText, "Its name.")}};
}

ObjectSchema site_logs_schema() {
  return {ObjectType::kSiteLogs,
          "siteLogs",
          "Logs of an app.",
          {object("applicationLogs", ObjectType::kApplicationLogs, "What the app's code logs."),
           object("httpLogs", ObjectType::kApplicationLogs, "What its web server logs.")}};
}

ObjectSchema application_logs_schema() {
  return {ObjectType::kApplicationLogs,
          "applicationLogs",
          "Where logs go.",
          {object("azureBlobStorage", ObjectType::kBlobLogs, "To a container of blobs.")}};
}

ObjectSchema blob_logs_schema() {
  return {ObjectType::kBlobLogs,
          "azureBlobStorage",
          "A container of blobs that takes logs.",
          {required(value("sasUrl", Form::kHttpsUrl,
                          "The container, https://HOST/CONTAINER, with a signature."))}};
}

ObjectSchema certificate_schema() {
  return {ObjectType::kCertificate,
          "certificate",
          "A TLS certificate that App Service imports from a vault.",
          {required(value("keyVault", Form::kText, "The vault, a service.")),
           value("keyVaultSecretName", Form::kText, "The secret that holds it.")}};
}

}  // namespace

std::vector<ObjectSchema> platform_schemas() {
  return {identity_schema(),   backup_schema(),           database_backup_schema(),
          site_logs_schema(),  application_logs_schema(), blob_logs_schema(),
          certificate_schema()};
}

}  // namespace egress::lab
