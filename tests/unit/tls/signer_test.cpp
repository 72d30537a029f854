// SPDX-License-Identifier: MIT
// GnuTLS itself says whether a client would believe what is signed.
#include "tls/signer.hpp"

#include <gtest/gtest.h>

#include <utility>

#include "tls/x509.hpp"

namespace egress::tls {
namespace {

constexpr Ipv4Address kAddress{0x0a010204};  // 10.1.2.4

Authority authority() {
  return make_authority("egressd lab eg").value();
}

Certificate certificate_in(const std::string& der) {
  gnutls_x509_crt_t certificate = nullptr;
  gnutls_x509_crt_init(&certificate);
  const gnutls_datum_t datum{reinterpret_cast<unsigned char*>(const_cast<char*>(der.data())),
                             static_cast<unsigned>(der.size())};
  EXPECT_EQ(gnutls_x509_crt_import(certificate, &datum, GNUTLS_X509_FMT_DER), 0);
  return Certificate(certificate);
}

// As a client judges that trusts this authority alone.
bool believes(const Authority& trusted, const Certificate& shown, const std::string& name) {
  const Certificate root = parse_certificate(trusted.certificate).value();
  gnutls_x509_trust_list_t list = nullptr;
  gnutls_x509_trust_list_init(&list, 0);
  gnutls_x509_crt_t roots[] = {root.get()};
  gnutls_x509_trust_list_add_cas(list, roots, 1, 0);
  gnutls_x509_crt_t chain[] = {shown.get()};
  unsigned wrong = 0;
  gnutls_x509_trust_list_verify_crt(list, chain, 1, 0, &wrong, nullptr);
  gnutls_x509_trust_list_deinit(list, 0);
  return wrong == 0 && gnutls_x509_crt_check_hostname(shown.get(), name.c_str()) != 0;
}

Certificate shown_by(const Authority& signing, const Subject& subject) {
  return certificate_in(Signer::make(signing).value().certificate_for(subject).value());
}

TEST(Signer, IsBelievedByWhoTrustsItsAuthority) {
  const Authority lab = authority();
  const Certificate shown =
      shown_by(lab, {.names = {"pay.example.com", "*.corp.internal"}, .addresses = {kAddress}});
  for (const char* name : {"pay.example.com", "a.corp.internal", "10.1.2.4"}) {
    EXPECT_TRUE(believes(lab, shown, name)) << name;
  }
  for (const char* name : {"www.example.com", "a.b.corp.internal", "10.1.2.5"}) {
    EXPECT_FALSE(believes(lab, shown, name)) << name;
  }
  EXPECT_FALSE(believes(authority(), shown, "pay.example.com"));
}

TEST(Signer, SignsForAnAddressAloneAndForALongName) {
  const Authority lab = authority();
  EXPECT_TRUE(believes(lab, shown_by(lab, {.addresses = {kAddress}}), "10.1.2.4"));
  const std::string label(60, 'a');
  const std::string name = label + "." + label + "." + label + ".example.com";
  EXPECT_TRUE(believes(lab, shown_by(lab, {.names = {name}}), name));
}

TEST(Signer, SignsForServersAndNoAuthorities) {
  const Certificate shown = shown_by(authority(), {.addresses = {kAddress}});
  EXPECT_EQ(gnutls_x509_crt_get_ca_status(shown.get(), nullptr), 0);
  char purpose[64] = {};
  size_t size = sizeof purpose;
  ASSERT_EQ(gnutls_x509_crt_get_key_purpose_oid(shown.get(), 0, purpose, &size, nullptr), 0);
  EXPECT_STREQ(purpose, GNUTLS_KP_TLS_WWW_SERVER);
}

TEST(Signer, HasAKeyOfItsOwnWhichItsCertificatesAreOf) {
  const Authority lab = authority();
  const Signer one = Signer::make(lab).value();
  EXPECT_NE(one.key(), Signer::make(lab).value().key());
  EXPECT_NE(one.certificate_for({.addresses = {kAddress}}).value(),
            one.certificate_for({.addresses = {kAddress}}).value())
      << "each has a serial number of its own";
}

TEST(Signer, RefusesWhatIsNoAuthority) {
  Authority broken = authority();
  broken.key = "secret";
  EXPECT_EQ(Signer::make(broken).error().code, Errc::kInvalid);
  EXPECT_EQ(Signer::make({}).error().code, Errc::kInvalid);
  Authority without = authority();
  without.certificate.clear();
  EXPECT_EQ(Signer::make(without).error().code, Errc::kInvalid);
}

}  // namespace
}  // namespace egress::tls
