// SPDX-License-Identifier: MIT
#pragma once

// One wire as control has it: its ends, what is in force on it, and what there is to tell of it.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "egress-wire/carrier.hpp"
#include "egress-wire/judge.hpp"
#include "settings/wire_text.hpp"

namespace egress::wires {

// What the worker's end asks for, at some time.
struct InForce {
  std::optional<lab::Impairment> impairment{};
  bool held = false;
  std::optional<int64_t> until_ms{};  // of the machine's clock
  bool operator==(const InForce&) const = default;
};

class Wire {
 public:
  // All but the name outlive it.
  Wire(std::string name, uint16_t number, Carrier& carrier, Judge& judge, const Clock& clock);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  const std::string& name() const { return name_; }
  uint16_t number() const { return number_; }
  bool has_end(bool in_worker) const { return end(in_worker).queue.valid(); }
  bool is_bare() const { return !has_end(true) && !has_end(false); }
  // Whether the end's device is there and is that one.
  bool has_device(const settings::WireEnd& wanted) const;

  // A new end, or other settings of one that is there, whose queue stays when `queue` is not valid.
  // After an error all is as before.
  Status set_end(const settings::WireEnd& wanted, UniqueFd queue);
  // Nobody reads from the queue any more.
  UniqueFd remove_end(bool in_worker);

  // What was imposed for a time ends when that is over.
  Status refresh();
  std::optional<std::chrono::steady_clock::time_point> ends_at() const;

  // kConflict unless it is held, kInvalid for a number of packets that no device has waiting. None
  // goes while an end is not there.
  Result<settings::StepsTaken> step(int packets);
  settings::OneWire report() const;

 private:
  struct End {
    settings::WireEnd settings{};
    UniqueFd queue{};
    std::optional<std::chrono::steady_clock::time_point> ends_at{};  // of what is imposed
  };
  const End& end(bool in_worker) const { return in_worker ? worker_ : vnet_; }
  InForce wanted() const;
  Status apply(bool has_new_queue);
  bool offload(bool on) const;

  std::string name_;
  uint16_t number_;
  Carrier& carrier_;
  Judge& judge_;
  const Clock& clock_;
  WireTallies tallies_{};
  End worker_{};
  End vnet_{};
  InForce in_force_{};
  bool takes_joined_ = false;  // datagrams: both devices do
};

}  // namespace egress::wires
