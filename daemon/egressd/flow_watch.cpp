// SPDX-License-Identifier: MIT
#include "egressd/flow_watch.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "control/json.hpp"

namespace egress::daemon {

namespace {

using control::LostIn;

// For clients that have left, which nothing tells, and for what could not be opened.
constexpr std::chrono::seconds kInterval{1};

std::optional<session::Refusal> why_not(const control::WatchRequest& request,
                                        const policy::Network& network) {
  const auto refusal = [](Errc code, std::string message, const char* exact = "") {
    return session::Refusal{{.code = code, .message = std::move(message)}, {}, exact};
  };
  if (!request.site.empty()) {
    const auto site = network.sites.find(request.site);
    if (site == network.sites.end()) {
      return refusal(Errc::kNotFound, fmt::format("no site '{}'", request.site));
    }
    if (request.instance.value_or(0) >= static_cast<int>(site->second.workers.size())) {
      return refusal(Errc::kNotFound,
                     fmt::format("site '{}' has no instance {}", request.site, *request.instance));
    }
  }
  if (request.packets && Filter(request, network).wires().empty()) {
    return refusal(Errc::kConflict,
                   "packets are told by wires alone: the server farm needs interface: tun, and an "
                   "app that is integrated",
                   session::kNeedsTun);
  }
  return std::nullopt;
}

}  // namespace

FlowWatch::FlowWatch(uv::Loop& loop, kernel::Kernel& kernel, const session::Session& session,
                     const Wires& wires, Clock clock)
    : loop_(loop),
      watching_(loop, 1),
      kernel_(kernel),
      session_(session),
      wires_(wires),
      clock_(std::move(clock)),
      watched_(std::make_shared<flows::Watched>(session.terms().prefix)),
      timer_(loop, [this] {
        let_go();
        open_what_is_missing();
      }) {}

OrRefusal<std::shared_ptr<LineStream>> FlowWatch::watch(const control::WatchRequest& request) {
  let_go();
  const policy::Network* network = session_.network();
  if (network == nullptr) return session::Refusal{no_lab(), {}};
  if (auto refusal = why_not(request, *network)) return *std::move(refusal);
  if (watchers_.size() >= control::kMostWatchers) {
    return session::Refusal{
        {.code = Errc::kBusy,
         .message = fmt::format("{} watch already, which is the most", watchers_.size())},
        {}};
  }
  watchers_.push_back({.wants = request, .stream = std::make_shared<LineStream>()});
  Status opened = open_feed();
  if (opened.ok()) opened = open_records();
  if (!opened.ok()) {
    watchers_.pop_back();
    let_go();
    return session::Refusal{std::move(opened).error(), {}};
  }
  timer_.start(kInterval);
  return watchers_.back().stream;
}

// The lab is in force before its namespaces are there.
void FlowWatch::look_again() {
  if (watchers_.empty()) return;
  if (feed_ != nullptr && !feed_->is_whole()) close_feed();
  open_what_is_missing();
}

void FlowWatch::open_what_is_missing() {
  if (watchers_.empty()) return;
  for (const Status& opened : {open_feed(), open_records()}) {
    if (!opened.ok()) spdlog::debug("watch: {}", opened.error().to_string());
  }
  timer_.start(kInterval);
}

// Nothing is opened twice for the same places.
Status FlowWatch::open_feed() {
  const policy::Network* network = session_.network();
  const auto places = network == nullptr ? flows::WatchedPlaces{}
                                         : flows::watched_places(*network, session_.terms().prefix);
  if (feed_ != nullptr && places == places_) return {};
  close_feed();
  if (places.drops_of.empty()) return {};
  ASSIGN_OR_RETURN(auto feed, kernel_.feed(places.flows_of, places.drops_of));
  feed_ = std::make_shared<WatchedFeed>(std::move(feed));
  places_ = places;
  feed_poll_.emplace(loop_, feed_->fd(), [this] { read_feed(); });
  feed_poll_->start();
  if (std::exchange(missed_flows_, false)) deliver_lost(LostIn::kDaemon, std::nullopt);
  return {};
}

void FlowWatch::close_feed() {
  if (feed_ == nullptr) return;
  missed_flows_ = true;
  feed_poll_.reset();
  feed_->close();
  feed_.reset();
}

std::set<std::string> FlowWatch::wanted_wires() const {
  std::set<std::string> wanted;
  const policy::Network* network = session_.network();
  if (network == nullptr) return wanted;
  for (const Watcher& watcher : watchers_) {
    const Filter filter(watcher.wants, *network);
    wanted.insert(filter.wires().begin(), filter.wires().end());
  }
  return wanted;
}

Status FlowWatch::open_records() {
  std::set<std::string> wanted = wanted_wires();
  if (records_ != nullptr && wanted == recorded_) return {};
  missed_packets_ = missed_packets_ || records_ != nullptr;
  records_poll_.reset();
  records_.reset();
  if (wanted.empty()) return {};
  ASSIGN_OR_RETURN(UniqueFd socket, wires_.records({wanted.begin(), wanted.end()}));
  recorded_ = std::move(wanted);
  records_ = std::make_shared<UniqueFd>(std::move(socket));
  records_poll_.emplace(loop_, records_->get(), [this] { read_records(); });
  records_poll_->start();
  if (std::exchange(missed_packets_, false)) deliver_lost(LostIn::kDaemon, std::nullopt);
  return {};
}

void FlowWatch::read_feed() {
  feed_poll_->stop();
  watching_.run(
      "watch",
      [feed = feed_, watched = watched_, network = session_.current()->network, clock = clock_] {
        watched->follow(network);
        return read_flows(*feed, *watched, clock.now());
      },
      [this, feed = feed_](const Result<Result<WatchedLines>>& read) {
        const bool current = feed == feed_;
        if (!read.ok() || !read->ok()) {
          if (current) close_feed();
          return;
        }
        if ((*read)->lost > 0) deliver_lost(LostIn::kKernel, (*read)->lost);
        deliver((*read)->lines);
        if (current) feed_poll_->start();
      });
}

void FlowWatch::read_records() {
  records_poll_->stop();
  watching_.run(
      "watch packets", [records = records_] { return read_packets(records->get()); },
      [this, records = records_](const Result<WatchedLines>& read) {
        const bool current = records == records_;
        if (read.ok()) {
          if (read->lost > 0) deliver_lost(LostIn::kWire, read->lost);
          deliver(read->lines);
        }
        if (!current) return;
        if (read.ok() && !read->ended) return records_poll_->start();
        missed_packets_ = true;
        records_poll_.reset();
        records_.reset();
      });
}

void FlowWatch::deliver(const std::vector<WatchedLine>& lines) {
  const policy::Network* network = session_.network();
  if (network == nullptr) return;
  for (Watcher& watcher : watchers_) {
    const Filter filter(watcher.wants, *network);
    for (const WatchedLine& line : lines) {
      if (filter.wants(line)) tell(watcher, line.text);
    }
  }
}

void FlowWatch::deliver_lost(control::LostIn where, std::optional<uint64_t> count) {
  for (Watcher& watcher : watchers_) tell(watcher, lost_line(where, count));
}

// Whole lines, or none.
void FlowWatch::tell(Watcher& watcher, const std::string& text) const {
  if (watcher.stream->pending() + text.size() > control::kMostUnread) {
    ++watcher.lost;
    return;
  }
  if (watcher.lost > 0) {
    watcher.stream->write(lost_line(LostIn::kClient, std::exchange(watcher.lost, 0)));
  }
  watcher.stream->write(text);
}

std::string FlowWatch::lost_line(LostIn where, std::optional<uint64_t> count) const {
  return control::dump(control::watched_json(clock_.now(), control::LostRecords{where, count}));
}

void FlowWatch::let_go() {
  std::erase_if(watchers_, [](const Watcher& watcher) {
    const bool gone = watcher.stream->abandoned();
    if (gone) watcher.stream->finish();
    return gone;
  });
  if (!watchers_.empty()) return;
  close_feed();
  missed_flows_ = false;
  missed_packets_ = false;
  timer_.stop();
  records_poll_.reset();
  records_.reset();
}

}  // namespace egress::daemon
