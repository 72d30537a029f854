// SPDX-License-Identifier: MIT
#include "egress-wire/wires.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "base/stable_hash.hpp"

namespace egress::wires {
namespace {

using std::chrono::milliseconds;

constexpr unsigned kMostCarriers = 4;
// In which the kernel ends what it has begun with packets from before.
constexpr milliseconds kSettling{1000};

}  // namespace

Result<std::unique_ptr<Wires>> Wires::start(uv::Loop& loop, Clock clock) {
  ASSIGN_OR_RETURN(Bell judge_bell, Bell::make());
  ASSIGN_OR_RETURN(Bell control_bell, Bell::make());
  std::unique_ptr<Wires> wires(
      new Wires(loop, std::move(clock), std::move(judge_bell), std::move(control_bell)));
  RETURN_IF_ERROR(wires->start_threads(loop));
  return wires;
}

Wires::Wires(uv::Loop& loop, Clock clock, Bell judge_bell, Bell control_bell)
    : clock_(std::move(clock)),
      judge_bell_(std::move(judge_bell)),
      control_bell_(std::move(control_bell)),
      settling_(loop, [this] { set_phase(true); }),
      expiry_(loop, [this] { refresh(); }),
      recorded_(loop, control_bell_.fd(), [this] {
        control_bell_.silence();
        records_->deliver();
      }) {}

Status Wires::start_threads(uv::Loop& loop) {
  std::vector<Carrier*> carriers;
  const unsigned wanted = std::clamp(std::thread::hardware_concurrency(), 1U, kMostCarriers);
  while (carriers.size() < wanted) {
    ASSIGN_OR_RETURN(auto carrier, Carrier::start(bulletin_, judge_bell_, control_bell_));
    carriers.push_back(carrier.get());
    carriers_.push_back(std::move(carrier));
  }
  ASSIGN_OR_RETURN(judge_, Judge::start(bulletin_, judge_bell_));
  judge_->serve(carriers);
  wires_ = std::make_unique<WireSet>(carriers, *judge_, clock_);
  ASSIGN_OR_RETURN(records_, Records::listen(loop, bulletin_, carriers, [this](uint16_t wire) {
                     return wires_->name_of(wire);
                   }));
  recorded_.start();
  return {};
}

Status Wires::attach(attached::Place place) {
  if (place.name == settings::kNetworkAttachment) {
    learn(std::move(place.settings));
    return {};
  }
  ASSIGN_OR_RETURN(const settings::WireEnd wanted, settings::parse_wire_end(place.settings));
  Status attached = wires_->attach({place.netns, place.name}, wanted, place.netns_fd.get());
  refresh();
  return attached;
}

void Wires::detach(const std::string& netns, const std::string& name) {
  if (name == settings::kNetworkAttachment) return learn(std::nullopt);
  wires_->detach({netns, name});
  refresh();
}

// Nobody waits for the analysis, which may take seconds: until it is there packets pass.
void Wires::learn(std::optional<std::string> situation) {
  std::optional<std::string> digest;
  if (situation) {
    Digest all;
    all.add(*situation);
    digest = all.text();
  }
  if (std::exchange(situation_digest_, digest) == digest) return;
  const uint32_t generation = bulletin_.generation.load() + 1;
  bulletin_.generation.store(generation, std::memory_order_release);
  judge_->learn(std::move(situation), generation);
}

void Wires::set_phase(bool settled) {
  const uint32_t phase = bulletin_.phase.load();
  if (is_settled(phase) == settled) return;
  bulletin_.phase.store(phase + 1, std::memory_order_release);
  judge_->look_at_phase();
}

void Wires::refresh() {
  const auto next = wires_->refresh();
  if (!next) return expiry_.stop();
  const auto left = std::chrono::ceil<milliseconds>(*next - clock_.monotonic());
  expiry_.start(left);
}

Result<std::string> Wires::answer(const std::string& question) {
  ASSIGN_OR_RETURN(const settings::WireQuestion parsed, settings::parse_wire_question(question));
  return std::visit([this](const auto& each) { return answer_to(each); }, parsed);
}

Result<std::string> Wires::answer_to(const settings::Report&) {
  settings::WireReport report{.generation = judge_->generation(),
                              .problem = judge_->problem(),
                              .settled = judge_->settled()};
  for (const auto& [name, wire] : wires_->all()) report.wires.push_back(wire->report());
  return to_text(report);
}

Result<std::string> Wires::answer_to(const settings::Changing&) {
  settling_.stop();
  set_phase(false);
  return std::string();
}

Result<std::string> Wires::answer_to(const settings::Settled&) {
  if (!is_settled(bulletin_.phase.load())) settling_.start(kSettling);
  return std::string();
}

Result<std::string> Wires::answer_to(const settings::Step& step) {
  Wire* const wire = wires_->find(step.wire);
  if (wire == nullptr) {
    return Error{.code = Errc::kNotFound, .message = "there is no wire " + step.wire};
  }
  ASSIGN_OR_RETURN(const settings::StepsTaken taken, wire->step(step.packets));
  return to_text(taken);
}

}  // namespace egress::wires
