// SPDX-License-Identifier: MIT
#pragma once

// Who hears of an operation.

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "control/protocol.hpp"
#include "session/session.hpp"

namespace egress::daemon {

// Whoever has asked for an operation, as it is told of it: refused, which changes nothing and is
// the last that is heard, or begun, some progress, and its end.
class OperationObserver {
 public:
  virtual ~OperationObserver() = default;
  virtual void refused(const session::Refusal& refusal) = 0;
  virtual void begun(const std::vector<lab::Finding>& warnings) = 0;
  virtual void progressed(const control::Progress& progress) = 0;
  virtual void ended(const control::PassResult& result) = 0;
};

// Has something follow an operation before `observer`, which may be null, hears of its end: that is
// left to `go_on`.
class Followed final : public OperationObserver {
 public:
  using GoOn = std::function<void(const control::PassResult&)>;
  Followed(std::shared_ptr<OperationObserver> observer, GoOn go_on)
      : observer_(std::move(observer)), go_on_(std::move(go_on)) {}

  void refused(const session::Refusal& refusal) override {
    if (observer_ != nullptr) observer_->refused(refusal);
  }
  void begun(const std::vector<lab::Finding>& warnings) override {
    if (observer_ != nullptr) observer_->begun(warnings);
  }
  void progressed(const control::Progress& progress) override {
    if (observer_ != nullptr) observer_->progressed(progress);
  }
  void ended(const control::PassResult& result) override { go_on_(result); }

 private:
  std::shared_ptr<OperationObserver> observer_;
  GoOn go_on_;
};

}  // namespace egress::daemon
