// SPDX-License-Identifier: MIT
#pragma once

// What all who use GnuTLS share of it: owned handles, errors, and what all certificates of a
// lab have in common.

#include <gnutls/x509.h>

#include <memory>
#include <string>
#include <type_traits>

#include "base/result.hpp"

namespace egress::tls {

struct ReleaseKey {
  void operator()(gnutls_x509_privkey_t key) const { gnutls_x509_privkey_deinit(key); }
};
struct ReleaseCertificate {
  void operator()(gnutls_x509_crt_t certificate) const { gnutls_x509_crt_deinit(certificate); }
};
using Key = std::unique_ptr<std::remove_pointer_t<gnutls_x509_privkey_t>, ReleaseKey>;
using Certificate = std::unique_ptr<std::remove_pointer_t<gnutls_x509_crt_t>, ReleaseCertificate>;

// Borrowed from the text.
gnutls_datum_t datum_of(const std::string& text);

// `code` is what a call of GnuTLS returned.
Status checked(int code, const char* what);

// On P-256, which every client takes.
Result<Key> make_key();
Result<Key> parse_key(const std::string& pem);
Result<Certificate> parse_certificate(const std::string& pem);
// Of `key`, with a serial number of its own and without an end. `issuer` is whose key will sign it.
Result<Certificate> begin_certificate(const std::string& name, const Key& key, const Key& issuer);
Status sign(const Certificate& certificate, const Certificate& issuer, const Key& key);

Result<std::string> text_of(const Certificate& certificate, gnutls_x509_crt_fmt_t format);
Result<std::string> text_of(const Key& key, gnutls_x509_crt_fmt_t format);

}  // namespace egress::tls
