// SPDX-License-Identifier: MIT
#pragma once

// What egress-wire is told and asked. This thread opens what the others use, and computes nothing
// for long: carriers carry, the judge knows the lab.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "attached/attached.hpp"
#include "base/clock.hpp"
#include "egress-wire/records.hpp"
#include "egress-wire/wire_set.hpp"
#include "uv/loop.hpp"

namespace egress::wires {

class Wires {
 public:
  // In the working directory, where readers of records find it. The object must be gone before the
  // loop is.
  static Result<std::unique_ptr<Wires>> start(uv::Loop& loop, Clock clock = {});
  Wires(const Wires&) = delete;
  Wires& operator=(const Wires&) = delete;

  Status attach(attached::Place place);
  void detach(const std::string& netns, const std::string& name);
  void move(const std::string& from, const std::string& to, const std::string& name) {
    wires_->move({from, name}, {to, name});
  }
  // In the words of settings/wire_text.hpp.
  Result<std::string> answer(const std::string& question);

 private:
  Wires(uv::Loop& loop, Clock clock, Bell judge_bell, Bell control_bell);
  Status start_threads(uv::Loop& loop);
  void learn(std::optional<std::string> situation);
  void set_phase(bool settled);
  void refresh();
  Result<std::string> answer_to(const settings::Report& report);
  Result<std::string> answer_to(const settings::Changing& changing);
  Result<std::string> answer_to(const settings::Settled& settled);
  Result<std::string> answer_to(const settings::Step& step);

  const Clock clock_;
  Bulletin bulletin_{};
  Bell judge_bell_;
  Bell control_bell_;
  // In the order in which they need each other; the judge hears no question once it ends.
  std::vector<std::unique_ptr<Carrier>> carriers_{};
  std::unique_ptr<Judge> judge_{};
  std::unique_ptr<WireSet> wires_{};
  std::unique_ptr<Records> records_{};
  std::optional<std::string> situation_digest_{};
  uv::Timer settling_;
  uv::Timer expiry_;
  uv::Poll recorded_;
};

}  // namespace egress::wires
