// SPDX-License-Identifier: MIT
#pragma once

// A lab in the kernel, and the question whether the kernel does what `explain` says: many flows
// at a time, compared as the daemon compares its own.

#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "kernel/kernel.hpp"
#include "policy/explain.hpp"
#include "probe/verifier.hpp"
#include "tests/oracle/generator.hpp"

namespace egress::oracle {

inline constexpr const char* kPrefix = "orc";

struct Mismatch {
  ProbeCase probe{};
  std::vector<std::string> explained{};  // the steps
  std::vector<std::string> differences{};
};

class Rig {
 public:
  explicit Rig(std::unique_ptr<kernel::Kernel> kernel) : kernel_(std::move(kernel)) {}

  // Makes the kernel agree with the lab, whatever was there before; an error when it does not.
  Status apply(const lab::Lab& lab);
  // Removes everything.
  Status clear();

  // Sends every flow and returns those on which `explain` and the kernel differ. A difference is
  // looked at twice, so that a packet lost on a crowded machine is none.
  Result<std::vector<Mismatch>> compare(const std::vector<ProbeCase>& cases);

  const policy::Network& network() const { return *network_; }

 private:
  Result<std::vector<Mismatch>> compare_once(const std::vector<ProbeCase>& cases) const;

  std::unique_ptr<kernel::Kernel> kernel_;
  std::shared_ptr<const policy::Network> network_;
  probe::Verifier verifier_{};
};

// "app0/1 tcp://10.0.1.4:443 from port 20017"
std::string to_text(const ProbeCase& probe);

}  // namespace egress::oracle
