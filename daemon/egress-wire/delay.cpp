// SPDX-License-Identifier: MIT
#include "egress-wire/delay.hpp"

#include <sys/mman.h>

namespace egress::wires {

Result<std::unique_ptr<Delay>> Delay::make(const lab::Impairment& impairment, bool out) {
  constexpr size_t kSize = wire::Impaired::kSlabBytes;
  void* const room = ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room == MAP_FAILED) return Error::from_errno("make room for packets that wait");
  return std::unique_ptr<Delay>(
      new Delay(impairment, out, std::span(static_cast<std::byte*>(room), kSize)));
}

Delay::~Delay() {
  ::munmap(slab_.data(), slab_.size());
}

}  // namespace egress::wires
