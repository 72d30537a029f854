// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <utility>

#include "base/interval_set.hpp"

namespace egress::policy {

// A set of addresses as a value whose copies share it: a tag of a published file has a hundred
// thousand prefixes, and stands in many rules.
class SharedAddresses {
 public:
  SharedAddresses() : SharedAddresses(AddressSet()) {}
  SharedAddresses(AddressSet set)  // NOLINT(google-explicit-constructor)
      : set_(std::make_shared<const AddressSet>(std::move(set))) {}
  // Keeps what `set` is part of; not null.
  explicit SharedAddresses(std::shared_ptr<const AddressSet> set) : set_(std::move(set)) {}

  const AddressSet& operator*() const { return *set_; }
  const AddressSet* operator->() const { return set_.get(); }
  bool operator==(const SharedAddresses& other) const {
    return set_ == other.set_ || *set_ == *other.set_;
  }
  bool operator<(const SharedAddresses& other) const {
    return set_ != other.set_ && set_->intervals() < other.set_->intervals();
  }

 private:
  std::shared_ptr<const AddressSet> set_;
};

}  // namespace egress::policy
