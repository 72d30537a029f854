// SPDX-License-Identifier: MIT
#include "tls/signer.hpp"

#include <array>
#include <utility>

#include "tls/x509.hpp"

namespace egress::tls {
namespace {

Status add_alternative(const Certificate& certificate, gnutls_x509_subject_alt_name_t type,
                       const void* data, size_t size) {
  return checked(
      gnutls_x509_crt_set_subject_alt_name(certificate.get(), type, data,
                                           static_cast<unsigned>(size), GNUTLS_FSAN_APPEND),
      "name a certificate");
}

Status add_address(const Certificate& certificate, Ipv4Address address) {
  const std::array<unsigned char, 4> bytes = {static_cast<unsigned char>(address.bits >> 24U),
                                              static_cast<unsigned char>(address.bits >> 16U),
                                              static_cast<unsigned char>(address.bits >> 8U),
                                              static_cast<unsigned char>(address.bits)};
  return add_alternative(certificate, GNUTLS_SAN_IPADDRESS, bytes.data(), bytes.size());
}

Status speak_of(const Certificate& certificate, const Subject& subject) {
  for (const std::string& name : subject.names) {
    RETURN_IF_ERROR(add_alternative(certificate, GNUTLS_SAN_DNSNAME, name.data(), name.size()));
  }
  for (const Ipv4Address address : subject.addresses) {
    RETURN_IF_ERROR(add_address(certificate, address));
  }
  return {};
}

// For servers alone.
Status limit_use(const Certificate& made) {
  gnutls_x509_crt_t certificate = made.get();
  RETURN_IF_ERROR(
      checked(gnutls_x509_crt_set_basic_constraints(certificate, 0, -1), "limit a certificate"));
  RETURN_IF_ERROR(checked(gnutls_x509_crt_set_key_usage(certificate, GNUTLS_KEY_DIGITAL_SIGNATURE),
                          "limit a certificate"));
  return checked(
      gnutls_x509_crt_set_key_purpose_oid(certificate, GNUTLS_KP_TLS_WWW_SERVER, /*critical=*/0),
      "limit a certificate");
}

}  // namespace

struct Signer::Keys {
  Key authority{};
  Certificate certificate{};  // of the authority
  Key own{};
  std::string own_text{};
};

Signer::Signer(std::unique_ptr<Keys> keys) : keys_(std::move(keys)) {}
Signer::~Signer() = default;
Signer::Signer(Signer&&) noexcept = default;
Signer& Signer::operator=(Signer&&) noexcept = default;

Result<Signer> Signer::make(const Authority& authority) {
  auto keys = std::make_unique<Keys>();
  ASSIGN_OR_RETURN(keys->authority, parse_key(authority.key));
  ASSIGN_OR_RETURN(keys->certificate, parse_certificate(authority.certificate));
  ASSIGN_OR_RETURN(keys->own, make_key());
  ASSIGN_OR_RETURN(keys->own_text, text_of(keys->own, GNUTLS_X509_FMT_DER));
  return Signer(std::move(keys));
}

Result<std::string> Signer::certificate_for(const Subject& subject) const {
  EG_CHECK(!subject.names.empty() || !subject.addresses.empty(), "a certificate is somebody's");
  const std::string name =
      subject.names.empty() ? subject.addresses.front().to_string() : subject.names.front();
  ASSIGN_OR_RETURN(const Certificate certificate,
                   begin_certificate(name, keys_->own, keys_->authority));
  RETURN_IF_ERROR(speak_of(certificate, subject));
  RETURN_IF_ERROR(limit_use(certificate));
  RETURN_IF_ERROR(sign(certificate, keys_->certificate, keys_->authority));
  return text_of(certificate, GNUTLS_X509_FMT_DER);
}

const std::string& Signer::key() const {
  return keys_->own_text;
}

}  // namespace egress::tls
