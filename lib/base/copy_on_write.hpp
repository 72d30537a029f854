// SPDX-License-Identifier: MIT
#pragma once

// A value that copies share until one of them is changed. Equal copies cost one allocation and are
// known to be equal at a look.

#include <atomic>
#include <memory>
#include <utility>

namespace egress {

template <typename T>
class CopyOnWrite {
 public:
  CopyOnWrite() : value_(std::make_shared<T>()) {}
  CopyOnWrite(T value) : value_(std::make_shared<T>(std::move(value))) {}

  const T& operator*() const { return *value_; }
  const T* operator->() const { return value_.get(); }
  // For changing it: this copy shares with no other from now on.
  T& change() {
    if (value_.use_count() > 1) value_ = std::make_shared<T>(*value_);
    // What others have read before they let go of it comes before what is written now.
    std::atomic_thread_fence(std::memory_order_acquire);
    return *value_;
  }
  T* operator->() { return &change(); }

  bool shares_with(const CopyOnWrite& other) const { return value_ == other.value_; }
  bool operator==(const CopyOnWrite& other) const {
    return shares_with(other) || *value_ == *other.value_;
  }

 private:
  std::shared_ptr<T> value_;
};

}  // namespace egress
