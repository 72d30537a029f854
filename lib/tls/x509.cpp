// SPDX-License-Identifier: MIT
#include "tls/x509.hpp"

#include <gnutls/crypto.h>

#include <algorithm>
#include <array>
#include <utility>

namespace egress::tls {
namespace {

constexpr time_t kBegin = 1'577'836'800;  // 2020, before whatever a machine without a clock says
constexpr time_t kNoEnd = -1;             // RFC 5280 4.1.2.5: 9999
constexpr size_t kLongestName = 64;       // RFC 5280, ub-common-name
constexpr unsigned char kPositive = 0x7f;

std::string take(gnutls_datum_t& datum) {
  std::string text(reinterpret_cast<const char*>(datum.data), datum.size);
  gnutls_free(datum.data);
  return text;
}

Result<Key> new_key() {
  gnutls_x509_privkey_t key = nullptr;
  RETURN_IF_ERROR(checked(gnutls_x509_privkey_init(&key), "make a key"));
  return Key(key);
}

Result<Certificate> new_certificate() {
  gnutls_x509_crt_t certificate = nullptr;
  RETURN_IF_ERROR(checked(gnutls_x509_crt_init(&certificate), "make a certificate"));
  return Certificate(certificate);
}

Status set_serial(const Certificate& certificate) {
  std::array<unsigned char, 16> serial{};
  RETURN_IF_ERROR(
      checked(gnutls_rnd(GNUTLS_RND_NONCE, serial.data(), serial.size()), "draw a serial number"));
  serial[0] &= kPositive;
  return checked(gnutls_x509_crt_set_serial(certificate.get(), serial.data(), serial.size()),
                 "set a serial number");
}

using KeyId = std::array<unsigned char, 20>;

Result<KeyId> id_of(const Key& key) {
  KeyId id{};
  size_t size = id.size();
  RETURN_IF_ERROR(checked(gnutls_x509_privkey_get_key_id(key.get(), 0, id.data(), &size),
                          "tell a key by its number"));
  return id;
}

Status set_key_ids(const Certificate& certificate, const Key& key, const Key& issuer) {
  ASSIGN_OR_RETURN(KeyId own, id_of(key));
  ASSIGN_OR_RETURN(KeyId of_issuer, id_of(issuer));
  RETURN_IF_ERROR(
      checked(gnutls_x509_crt_set_subject_key_id(certificate.get(), own.data(), own.size()),
              "number a certificate"));
  return checked(
      gnutls_x509_crt_set_authority_key_id(certificate.get(), of_issuer.data(), of_issuer.size()),
      "number a certificate");
}

}  // namespace

gnutls_datum_t datum_of(const std::string& text) {
  return {reinterpret_cast<unsigned char*>(const_cast<char*>(text.data())),
          static_cast<unsigned>(text.size())};
}

Status checked(int code, const char* what) {
  if (code >= 0) return {};
  return Error{.code = Errc::kInvalid, .message = what, .kernel_text = gnutls_strerror(code)};
}

Result<Key> make_key() {
  ASSIGN_OR_RETURN(Key key, new_key());
  RETURN_IF_ERROR(
      checked(gnutls_x509_privkey_generate(
                  key.get(), GNUTLS_PK_ECDSA,
                  static_cast<unsigned>(GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1)), 0),
              "make a key"));
  return key;
}

Result<Key> parse_key(const std::string& pem) {
  ASSIGN_OR_RETURN(Key key, new_key());
  const gnutls_datum_t datum = datum_of(pem);
  RETURN_IF_ERROR(checked(gnutls_x509_privkey_import(key.get(), &datum, GNUTLS_X509_FMT_PEM),
                          "read the key of an authority"));
  return key;
}

Result<Certificate> parse_certificate(const std::string& pem) {
  ASSIGN_OR_RETURN(Certificate certificate, new_certificate());
  const gnutls_datum_t datum = datum_of(pem);
  RETURN_IF_ERROR(checked(gnutls_x509_crt_import(certificate.get(), &datum, GNUTLS_X509_FMT_PEM),
                          "read the certificate of an authority"));
  return certificate;
}

Result<Certificate> begin_certificate(const std::string& name, const Key& key, const Key& issuer) {
  ASSIGN_OR_RETURN(Certificate made, new_certificate());
  gnutls_x509_crt_t certificate = made.get();
  const auto shown = static_cast<unsigned>(std::min(name.size(), kLongestName));
  RETURN_IF_ERROR(checked(gnutls_x509_crt_set_version(certificate, 3), "make a certificate"));
  RETURN_IF_ERROR(set_serial(made));
  RETURN_IF_ERROR(checked(gnutls_x509_crt_set_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0,
                                                        name.data(), shown),
                          "name a certificate"));
  RETURN_IF_ERROR(
      checked(gnutls_x509_crt_set_activation_time(certificate, kBegin), "date a certificate"));
  RETURN_IF_ERROR(
      checked(gnutls_x509_crt_set_expiration_time(certificate, kNoEnd), "date a certificate"));
  RETURN_IF_ERROR(
      checked(gnutls_x509_crt_set_key(certificate, key.get()), "give a certificate its key"));
  RETURN_IF_ERROR(set_key_ids(made, key, issuer));
  return made;
}

Status sign(const Certificate& certificate, const Certificate& issuer, const Key& key) {
  return checked(
      gnutls_x509_crt_sign2(certificate.get(), issuer.get(), key.get(), GNUTLS_DIG_SHA256, 0),
      "sign a certificate");
}

Result<std::string> text_of(const Certificate& certificate, gnutls_x509_crt_fmt_t format) {
  gnutls_datum_t datum{};
  RETURN_IF_ERROR(
      checked(gnutls_x509_crt_export2(certificate.get(), format, &datum), "write a certificate"));
  return take(datum);
}

Result<std::string> text_of(const Key& key, gnutls_x509_crt_fmt_t format) {
  gnutls_datum_t datum{};
  RETURN_IF_ERROR(checked(gnutls_x509_privkey_export2(key.get(), format, &datum), "write a key"));
  return take(datum);
}

}  // namespace egress::tls
