// SPDX-License-Identifier: MIT
#pragma once

// Which wires there are, of the ends that have been attached. A wire is there as long as one of its
// ends is.

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/move_key.hpp"
#include "egress-wire/wire.hpp"

namespace egress::wires {

class WireSet {
 public:
  // All outlive it. At least one carrier.
  WireSet(std::vector<Carrier*> carriers, Judge& judge, const Clock& clock)
      : carriers_(std::move(carriers)),
        judge_(judge),
        clock_(clock),
        names_(settings::kMostWires) {}

  using Key = std::pair<std::string, std::string>;  // namespace and attachment

  // A new end, or other settings of one that is there. One that another attachment has is its no
  // longer: when two change places, one has to be the first. kConflict when there are too many
  // wires; else why the device cannot be had.
  Status attach(const Key& key, const settings::WireEnd& wanted, int netns_fd);
  void detach(const Key& key);
  // The same end, by another name of its namespace.
  void move(const Key& from, const Key& to) { move_key(ends_, from, to); }

  Wire* find(const std::string& name) const;  // or null
  const std::string& name_of(uint16_t number) const { return names_[number]; }
  const std::map<std::string, std::unique_ptr<Wire>>& all() const { return wires_; }

  // Ends what is over; says when something next will be.
  std::optional<std::chrono::steady_clock::time_point> refresh();

 private:
  struct End {
    std::string wire{};
    bool in_worker = false;
    std::string link{};
    std::string watched{};  // by the judge, for a network's end
  };
  using Ends = std::map<Key, End>;
  Ends::const_iterator other_holder(const Key& key, const settings::WireEnd& wanted) const;
  Status place(const Key& key, const settings::WireEnd& wanted, int netns_fd, UniqueFd queue);
  Result<Wire*> wire_of(const std::string& name);
  UniqueFd remove(const Key& key);
  void drop_if_bare(const std::string& name);
  Result<std::string> watch(const std::string& netns, int netns_fd);
  void unwatch(const std::string& watched);

  std::vector<Carrier*> carriers_;
  Judge& judge_;
  const Clock& clock_;
  std::vector<std::string> names_;           // by number; empty: free
  std::map<std::string, size_t> watched_{};  // namespaces, and by how many ends
  Ends ends_{};
  std::map<std::string, std::unique_ptr<Wire>> wires_{};
};

}  // namespace egress::wires
