// SPDX-License-Identifier: MIT
#pragma once

// The impairment of one direction, with the room in which its packets wait: mapped for as long as
// it is in force, and taking memory only for what has waited.

#include <memory>
#include <span>

#include "base/result.hpp"
#include "wire/impairment.hpp"

namespace egress::wires {

class Delay {
 public:
  static Result<std::unique_ptr<Delay>> make(const lab::Impairment& impairment, bool out);
  ~Delay();
  Delay(const Delay&) = delete;
  Delay& operator=(const Delay&) = delete;

  wire::Impaired& impaired() { return impaired_; }

 private:
  Delay(const lab::Impairment& impairment, bool out, std::span<std::byte> slab)
      : slab_(slab), impaired_(impairment, out ? 0 : 1, slab) {}

  std::span<std::byte> slab_;
  wire::Impaired impaired_;
};

}  // namespace egress::wires
