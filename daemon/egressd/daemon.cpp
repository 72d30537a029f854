// SPDX-License-Identifier: MIT
#include "egressd/daemon.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include <cinttypes>
#include <csignal>
#include <filesystem>
#include <functional>
#include <utility>

#include "egressd/api.hpp"
#include "egressd/http_answers.hpp"
#include "egressd/prefix_claim.hpp"
#include "store/store.hpp"

namespace egress::daemon {

namespace {

// What a refusal says, with the first of its errors, which may be the same.
std::string reason_of(const session::Refusal& refusal) {
  const std::string reason = refusal.error.to_string();
  for (const lab::Finding& finding : refusal.findings) {
    if (finding.severity != lab::Severity::kError) continue;
    if (finding.message == refusal.error.message) return finding.to_string();
    return reason + ": " + finding.to_string();
  }
  return reason;
}

class ConfiguredLab : public OperationObserver {
 public:
  // Called with an empty text once the lab is in force, or with why it is not.
  using Settled = std::function<void(const std::string& why)>;
  explicit ConfiguredLab(Settled settled) : settled_(std::move(settled)) {}

  void refused(const session::Refusal& refusal) override {
    log(refusal.findings);
    settled_(reason_of(refusal));
  }
  void begun(const std::vector<lab::Finding>& warnings) override {
    log(warnings);
    settled_({});
  }
  void progressed(const control::Progress& /*progress*/) override {}
  void ended(const control::PassResult& /*result*/) override {}

 private:
  static void log(const std::vector<lab::Finding>& findings) {
    for (const auto& finding : findings) spdlog::warn("{}", finding.to_string());
  }

  Settled settled_;
};

// What is ours on the machine, and no business of programs in apps.
std::vector<std::string> own_places(const Settings& settings) {
  std::vector<std::string> places = store::files_of(store::database_in(settings.state_dir));
  places.insert(places.end(),
                {kClaimsFolder, settings.run_dir + "/" + settings.prefix, settings.socket});
  for (std::string& path : places) {
    path = std::filesystem::absolute(path).lexically_normal().string();
  }
  return places;
}

}  // namespace

Daemon::Daemon(Settings settings, session::Session session, kernel::Kernel& kernel,
               const probe::Probes& probes, const Clock& clock)
    : Daemon(std::move(settings), std::move(session), kernel,
             std::make_shared<probe::Verifier>(probes), clock) {}

Daemon::Daemon(Settings settings, session::Session session, kernel::Kernel& kernel,
               const std::shared_ptr<probe::Verifier>& verifier, const Clock& clock)
    : settings_(std::move(settings)),
      session_(std::move(session)),
      clock_(clock),
      workers_(loop_, kWorksAtOnce),
      wires_(kernel, session_),
      operations_(loop_, workers_, kernel, session_, wires_, clock, [this] { after_pass(); }),
      scaling_(session_, operations_),
      startups_(workers_, session_, operations_, verifier, clock, [this] { scaling_.go_on(); }),
      gateway_sessions_(loop_, kernel, session_, operations_),
      queries_(loop_, workers_, kernel, session_, operations_, startups_, scaling_,
               gateway_sessions_, wires_, clock, own_places(settings_)),
      probing_(workers_, session_, operations_, verifier, clock),
      flow_watch_(loop_, kernel, session_, wires_, clock),
      watchdog_(loop_, [this] { feed_watchdog(); }),
      on_terminate_(loop_, SIGTERM, [this] { stop(); }),
      on_interrupt_(loop_, SIGINT, [this] { stop(); }),
      on_hangup_(loop_, SIGHUP, [this] { reload(); }) {}

Status Daemon::run(UniqueFd listener) {
  Result<std::unique_ptr<HttpServer>> server = HttpServer::start(
      loop_, clock_, std::move(listener),
      {.body = control::kLargestBody,
       .bodies = control::kLargestBodies,
       .connections = {control::kMostConnections, control::kPatience}},
      {{control::kApiHeader, std::to_string(control::kApiVersion)},
       {control::kVersionHeader, EGRESS_VERSION}},
      [this](const HttpRequest& request, const Respond& respond) {
        handle({operations_, startups_, scaling_, queries_, probing_, flow_watch_}, request,
               [what = request.method + " " + request.path, respond](HttpResponse response) {
                 spdlog::debug("{}: {}", what, response.status);
                 respond(std::move(response));
               });
      },
      refusal);
  if (!server.ok()) {
    end_start();  // not the lab's fault
    return std::move(server).error();
  }
  server_ = *std::move(server);
  take_up_lab();
  feed_watchdog();
  loop_.run();
  end_start();
  spdlog::info(session_.lab_file() ? "stopped; the lab stays in force" : "stopped");
  return {};
}

// The configured lab, or the stored one.
void Daemon::take_up_lab() {
  if (!session_.problem().empty()) spdlog::error("{}", session_.problem());
  gateway_sessions_.take_up();
  if (settings_.lab.empty() || session_.set_aside()) return be_ready();
  session_.begin_start();
  apply_configured_lab([this] { be_ready(); });
}

void Daemon::end_start() {
  const Status ended = session_.end_start();
  if (!ended.ok()) spdlog::error("{}", ended.error().to_string());
}

void Daemon::be_ready() {
  operations_.reconcile_now();
  if (session_.network() == nullptr) end_start();
  notify_ready();
  spdlog::info("ready on {}", settings_.socket);
}

void Daemon::notify_ready() const {
  sd_notifyf(0, "READY=1\nSTATUS=%s", session_.lab_file().value_or("no lab").c_str());
}

// `then` follows once the lab is in force, or is not and will not be.
void Daemon::apply_configured_lab(uv::Callback then) {
  const auto observer =
      std::make_shared<ConfiguredLab>([this, then = std::move(then)](const std::string& why) {
        if (!why.empty()) {
          operations_.refuse_configured(
              fmt::format("the configured lab {} is not applied: {}", settings_.lab, why));
        }
        then();
      });
  Result<lab::LabText> text = lab::read_lab_text(settings_.lab);
  if (!text.ok()) return observer->refused({.error = std::move(text).error()});
  operations_.apply(std::move(*text), observer);
}

void Daemon::reload() {
  if (stopping_) return;
  // Asked for during an operation: after_pass() comes back to it.
  reload_wanted_ = operations_.busy();
  if (reload_wanted_) return;
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const auto microseconds = int64_t{now.tv_sec} * 1000000 + now.tv_nsec / 1000;
  sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIi64, microseconds);
  operations_.refuse_configured({});
  if (const Status read = read_configuration_again(); !read.ok()) {
    operations_.refuse_configured(read.error().to_string());
  } else if (settings_.lab.empty() || session_.set_aside()) {
    operations_.reconcile_now();
  } else {
    return apply_configured_lab([this] { notify_ready(); });
  }
  notify_ready();
}

Status Daemon::read_configuration_again() {
  if (settings_.config.empty()) return {};
  ASSIGN_OR_RETURN(const Configuration configuration, read_configuration(settings_));
  for (const auto& finding : configuration.findings) spdlog::error("{}", finding.to_string());
  if (lab::any_error(configuration.findings)) {
    return Error{.code = Errc::kInvalid, .message = configuration.findings.front().to_string()};
  }
  settings_.lab = configuration.settings.lab;
  if (const std::string& level = configuration.settings.log_level; level != settings_.log_level) {
    settings_.log_level = level;
    spdlog::set_level(spdlog::level::from_str(level));
  }
  return {};
}

void Daemon::stop() {
  const bool waiting_already = std::exchange(stopping_, true);
  if (!waiting_already) {
    sd_notify(0, "STOPPING=1");
    operations_.wind_down();
  }
  if (waiting_already || !operations_.busy()) {
    wind_down();
  } else {
    spdlog::info("stopping after the operation in progress; a second signal stops at once");
  }
}

void Daemon::wind_down() {
  scaling_.wind_down();
  startups_.wind_down();
  loop_.stop();
}

void Daemon::after_pass() {
  feed_watchdog();
  if (stopping_) {
    wind_down();
  }
  startups_.perform_pending();
  flow_watch_.look_again();
  gateway_sessions_.look_again();
  if (std::exchange(reload_wanted_, false)) reload();
}

void Daemon::feed_watchdog() {
  sd_notify(0, "WATCHDOG=1");
  uint64_t microseconds = 0;
  if (sd_watchdog_enabled(0, &microseconds) <= 0) return;
  // systemd advises half the limit; a third leaves room for one long slice of work.
  watchdog_.start(std::chrono::milliseconds(microseconds / 3000));
}

}  // namespace egress::daemon
