// SPDX-License-Identifier: MIT
#include "tls/authority.hpp"

#include "tls/x509.hpp"

namespace egress::tls {
namespace {

constexpr int kSignsNoAuthorities = 0;

Status set_up(const Certificate& made) {
  gnutls_x509_crt_t certificate = made.get();
  RETURN_IF_ERROR(
      checked(gnutls_x509_crt_set_basic_constraints(certificate, 1, kSignsNoAuthorities),
              "make an authority"));
  return checked(gnutls_x509_crt_set_key_usage(certificate, GNUTLS_KEY_KEY_CERT_SIGN),
                 "make an authority");
}

}  // namespace

Result<Authority> make_authority(const std::string& name) {
  ASSIGN_OR_RETURN(const Key key, make_key());
  ASSIGN_OR_RETURN(const Certificate certificate, begin_certificate(name, key, key));
  RETURN_IF_ERROR(set_up(certificate));
  RETURN_IF_ERROR(sign(certificate, certificate, key));
  Authority made;
  ASSIGN_OR_RETURN(made.certificate, text_of(certificate, GNUTLS_X509_FMT_PEM));
  ASSIGN_OR_RETURN(made.key, text_of(key, GNUTLS_X509_FMT_PEM));
  return made;
}

}  // namespace egress::tls
