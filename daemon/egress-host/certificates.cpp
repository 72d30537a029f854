// SPDX-License-Identifier: MIT
#include "egress-host/certificates.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "lab/domain_name.hpp"

namespace egress::host {
namespace {

// A client may ask by as many names as it likes where all are served.
constexpr size_t kMostKnown = 256;
// Of one certificate: more would be a handshake that clients refuse. Who asks by name has its own.
constexpr size_t kMostNames = 64;

tls::Subject subject_of(const policy::ServedNames& served, Ipv4Address local) {
  tls::Subject subject{.addresses = {local}};
  for (const Ipv4Address address : served.addresses) {
    if (address != local) subject.addresses.push_back(address);
  }
  const size_t names = std::min(kMostNames, served.names.size());
  std::copy_n(served.names.begin(), names, std::back_inserter(subject.names));
  return subject;
}

std::string text_of(const tls::Subject& subject) {
  std::string text;
  for (const std::string& name : subject.names) text += name + " ";
  for (const Ipv4Address address : subject.addresses) text += address.to_string() + " ";
  return text;
}

}  // namespace

Status Certificates::sign_by(const tls::Authority& authority) {
  if (authority == authority_) return {};
  std::optional<tls::Signer> signer;
  if (authority != tls::Authority{}) {
    ASSIGN_OR_RETURN(tls::Signer made, tls::Signer::make(authority));
    signer.emplace(std::move(made));
  }
  signer_ = std::move(signer);
  authority_ = authority;
  known_.clear();
  return {};
}

const std::string* Certificates::certificate_for(const policy::ServedNames& served,
                                                 const std::string& name, Ipv4Address local) {
  const std::string plain = lab::plain_domain_name(name);
  const bool covered = lab::is_domain_name(plain) && served.covers(plain);
  return signed_for(covered ? tls::Subject{.names = {plain}} : subject_of(served, local));
}

const std::string* Certificates::signed_for(const tls::Subject& subject) {
  if (!signer_) return nullptr;
  std::string text = text_of(subject);
  const auto found = known_.find(text);
  if (found != known_.end()) return &found->second;
  auto certificate = signer_->certificate_for(subject);
  if (!certificate.ok()) return nullptr;
  if (known_.size() >= kMostKnown) known_.clear();
  return &known_.emplace(std::move(text), *std::move(certificate)).first->second;
}

}  // namespace egress::host
