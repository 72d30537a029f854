// SPDX-License-Identifier: MIT

#include "lab/read/resources.hpp"

namespace egress::lab {
namespace {

std::optional<DatabaseBackup> read_database_backup(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kDatabaseBackup);
  DatabaseBackup database;
  object.word_into(database.database_type, "databaseType", database_types());
  object.into(database.name, "name", &Reader::text);
  return database;
}

BlobLogs read_blob_logs(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kBlobLogs);
  BlobLogs logs;
  object.into(logs.sas_url, "sasUrl", &Reader::https_url);
  return logs;
}

std::optional<BlobLogs> read_application_logs(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kApplicationLogs);
  const auto blobs = object.at("azureBlobStorage");
  return blobs ? std::optional(read_blob_logs(reader, *blobs)) : std::nullopt;
}

}  // namespace

IdentityType read_identity(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kIdentity);
  IdentityType type = IdentityType::kNone;
  object.word_into(type, "type", identity_types());
  return type;
}

Backup read_backup(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kBackup);
  Backup backup;
  object.into(backup.storage_account_url, "storageAccountUrl", &Reader::https_url);
  object.list_into(backup.databases, "databases", read_database_backup);
  return backup;
}

SiteLogs read_site_logs(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kSiteLogs);
  SiteLogs logs;
  if (const auto application = object.at("applicationLogs")) {
    logs.application_logs = read_application_logs(reader, *application);
  }
  if (const auto http = object.at("httpLogs")) {
    logs.http_logs = read_application_logs(reader, *http);
  }
  return logs;
}

Certificate read_certificate(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kCertificate);
  Certificate certificate;
  object.into(certificate.key_vault, "keyVault", &Reader::text);
  object.into(certificate.key_vault_secret_name, "keyVaultSecretName", &Reader::text);
  return certificate;
}

Secret read_secret(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kSecret);
  Secret secret;
  object.into(secret.value, "value", &Reader::text);
  return secret;
}

}  // namespace egress::lab
