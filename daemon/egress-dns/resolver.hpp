// SPDX-License-Identifier: MIT
#pragma once

// The services of a lab, as attachments come and go: the lab's names once, and a service in each
// namespace that has a role.

#include <map>
#include <memory>
#include <string>

#include "attached/attached.hpp"
#include "egress-dns/service.hpp"

namespace egress::resolver {

class Resolver {
 public:
  explicit Resolver(uv::Loop& loop) : surroundings_(std::make_unique<Surroundings>(loop)) {}

  // The contracts of attached::Attached.
  Status attach(attached::Place place);
  void detach(const std::string& netns, const std::string& name);
  void move(const std::string& from, const std::string& to, const std::string& name);

 private:
  Status attach_names(attached::Place place);
  Status attach_service(attached::Place place);

  std::unique_ptr<Surroundings> surroundings_;
  std::map<std::string, std::unique_ptr<Service>> services_{};  // by namespace
};

}  // namespace egress::resolver
