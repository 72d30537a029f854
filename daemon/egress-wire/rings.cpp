// SPDX-License-Identifier: MIT
#include "egress-wire/rings.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

namespace egress::wires {

Result<Bell> Bell::make() {
  UniqueFd fd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!fd.valid()) return Error::from_errno("make an eventfd");
  return Bell(std::move(fd));
}

// One that rings already cannot fail to be heard.
void Bell::ring() const {
  constexpr uint64_t kOnce = 1;
  (void)!::write(fd_.get(), &kOnce, sizeof kOnce);
}

void Bell::silence() const {
  uint64_t times = 0;
  (void)!::read(fd_.get(), &times, sizeof times);
}

}  // namespace egress::wires
