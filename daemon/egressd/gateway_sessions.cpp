// SPDX-License-Identifier: MIT
#include "egressd/gateway_sessions.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>
#include <variant>

#include "settings/bird_text.hpp"

namespace egress::daemon {

namespace {

using std::chrono::milliseconds;

// A session tells of its end by nothing but its state.
constexpr milliseconds kLookInterval{250};
// Until what has changed is looked at again, and until the next change is looked at.
constexpr milliseconds kLookAgain{40};
constexpr milliseconds kRestAfterChange{200};
// What never stands still is taken as it is.
constexpr int kMostUnsettled = 6;
// Speakers wait for up to a second, to tell all at once.
constexpr int kMostSilent = 8;

std::set<kernel::SpeakerRef> refs_of(const std::map<std::string, compile::SpeakerPlace>& places) {
  std::set<kernel::SpeakerRef> refs;
  for (const auto& [gateway, place] : places) {
    refs.insert({place.process, compile::kBirdControl, settings::kBirdQuestion});
  }
  return refs;
}

}  // namespace

GatewaySessions::GatewaySessions(uv::Loop& loop, kernel::Kernel& kernel, session::Session& session,
                                 Operations& operations)
    : loop_(loop),
      reading_(loop, 1),
      kernel_(kernel),
      session_(session),
      operations_(operations),
      timer_(loop, [this] { read(); }) {}

void GatewaySessions::take_up() {
  find_places();
  if (places_.empty() || !kernel_.observe().ok() || !open().ok()) return;
  const Result<Speakers> speakers = feed_->read();
  if (!speakers.ok()) return;
  Seen seen = seen_in(*speakers);
  up_ = std::move(seen.up);
  session::Outcome outcome =
      session::propose_learned(*session_.current(), std::move(seen.learned), session_.terms());
  auto* proposal = std::get_if<session::Proposal>(&outcome);
  if (proposal == nullptr) return;
  if (const Status adopted = session_.adopt(std::move(*proposal)); !adopted.ok()) {
    spdlog::error("{}", adopted.error().to_string());
  }
}

// The namespaces that a feed has opened may have been made anew.
void GatewaySessions::look_again() {
  close();
  find_places();
  if (const Status opened = places_.empty() ? Status() : open(); !opened.ok()) {
    spdlog::debug("sessions of gateways: {}", opened.error().to_string());
  }
  if (feed_ != nullptr) return read();
  up_.clear();
  timer_.stop();
}

void GatewaySessions::find_places() {
  const policy::Network* network = session_.network();
  const bool speaks = network != nullptr && session_.terms().bird_installed;
  places_ = speaks ? compile::speakers_of(*network, session_.terms().prefix)
                   : std::map<std::string, compile::SpeakerPlace>{};
}

Status GatewaySessions::open() {
  ASSIGN_OR_RETURN(feed_, kernel_.speakers(refs_of(places_)));
  poll_.emplace(loop_, feed_->fd(), [this] { read(); });
  return {};
}

void GatewaySessions::close() {
  stale_ = reading_now_;
  poll_.reset();
  feed_.reset();
}

void GatewaySessions::read() {
  timer_.stop();
  if (poll_) poll_->stop();
  if (reading_now_ || feed_ == nullptr) return;
  reading_now_ = true;
  reading_.run(
      "sessions of gateways", [feed = feed_] { return feed->read(); },
      [this](const Result<Result<Speakers>>& speakers) {
        reading_now_ = false;
        if (std::exchange(stale_, false)) return read();
        if (feed_ == nullptr) return;
        if (!speakers.ok() || !speakers->ok()) return timer_.start(kLookInterval);
        note(**speakers);
      });
}

GatewaySessions::Seen GatewaySessions::seen_in(const Speakers& speakers) const {
  Seen seen;
  for (const auto& [gateway, place] : places_) {
    const auto speaker = speakers.find(place.process.netns);
    if (speaker == speakers.end()) continue;
    const auto up = settings::parse_sessions_up(speaker->second.sessions);
    if (!up.ok()) continue;
    for (const auto& [table, network] : place.sessions) {
      if (!up->contains(table)) continue;
      seen.up.emplace(gateway, network);
      const auto learned = speaker->second.learned.find(table);
      seen.learned[gateway][network] =
          learned == speaker->second.learned.end() ? std::vector<LearnedPrefix>{} : learned->second;
    }
  }
  return seen;
}

lab::LearnedRoutes GatewaySessions::believed(const Seen& seen) {
  const std::map<Session, int> before = std::exchange(silent_for_, {});
  const lab::LearnedRoutes& in_force = session_.current()->learned;
  lab::LearnedRoutes believed;
  for (const auto& [gateway, sessions] : seen.learned) {
    const auto known = in_force.find(gateway);
    for (const auto& [network, prefixes] : sessions) {
      const bool counts = known != in_force.end() && known->second.contains(network);
      if (prefixes.empty() && !counts) {
        const auto silent = before.find({gateway, network});
        const int looks = silent == before.end() ? 1 : silent->second + 1;
        silent_for_[{gateway, network}] = looks;
        if (looks < kMostSilent) continue;
      }
      believed[gateway][network] = prefixes;
    }
  }
  return believed;
}

void GatewaySessions::note(const Speakers& speakers) {
  Seen seen = seen_in(speakers);
  for (const Session& each : seen.up) {
    if (!up_.contains(each)) spdlog::info("gateway {}: {} is connected", each.first, each.second);
  }
  for (const Session& each : up_) {
    if (!seen.up.contains(each)) spdlog::info("gateway {}: {} is gone", each.first, each.second);
  }
  lab::LearnedRoutes wanted = believed(seen);
  up_ = std::move(seen.up);
  const bool moves = wanted != wanted_;
  wanted_ = std::move(wanted);
  if (session_.network() == nullptr || wanted_ == session_.current()->learned) {
    unsettled_for_ = 0;
    problem_.clear();
    timer_.start(kLookInterval);
    if (poll_) poll_->start();
    return;
  }
  ++unsettled_for_;
  if (moves && unsettled_for_ < kMostUnsettled) return timer_.start(kLookAgain);
  put_in_force();
}

// What somebody asks for comes first; then this is tried again.
void GatewaySessions::put_in_force() {
  timer_.start(kRestAfterChange);
  operations_.learn(wanted_, [this](const std::optional<Error>& why_not) {
    if (!why_not) {
      unsettled_for_ = 0;
    } else if (why_not->code != Errc::kBusy && why_not->message != problem_) {
      problem_ = why_not->message;
      spdlog::error("{}", problem_);
    }
  });
}

void GatewaySessions::describe(inspect::StatusReport& report) const {
  if (!problem_.empty()) report.problems.push_back(problem_);
  for (inspect::GatewayStatus& gateway : report.gateways) {
    const auto place = places_.find(gateway.name);
    if (place == places_.end()) continue;
    for (inspect::GatewayConnectionStatus& connection : gateway.connections) {
      for (const auto& [table, network] : place->second.sessions) {
        if (network != connection.on_premises) continue;
        connection.session = up_.contains({gateway.name, network}) ? inspect::BgpState::kConnected
                                                                   : inspect::BgpState::kConnecting;
      }
    }
  }
}

}  // namespace egress::daemon
