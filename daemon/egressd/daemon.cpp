// SPDX-License-Identifier: MIT
#include "egressd/daemon.hpp"

#include <spdlog/spdlog.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <utility>

#include "control/json.hpp"
#include "egressd/notifier.hpp"
#include "egressd/responses.hpp"

namespace egress::daemon {

Daemon::Daemon(Settings settings, Session session, kernel::Kernel& kernel, Probe probe)
    : settings_(std::move(settings)),
      session_(std::move(session)),
      operations_(loop_, kernel, session_, [this] { after_pass(); }),
      queries_(session_, operations_, kernel, std::move(probe)),
      api_(operations_, queries_),
      watchdog_(loop_, [this] { feed_watchdog(); }),
      on_terminate_(loop_, SIGTERM, [this] { stop(); }),
      on_interrupt_(loop_, SIGINT, [this] { stop(); }),
      on_hangup_(loop_, SIGHUP, [this] { reload(); }) {}

Status Daemon::run(UniqueFd listener) {
  ASSIGN_OR_RETURN(
      server_, HttpServer::start(
                   loop_, std::move(listener),
                   {.body = control::kLargestBody,
                    .bodies = control::kLargestBodies,
                    .connections = {control::kMostConnections, control::kPatience}},
                   [this](const HttpRequest& request) {
                     HttpResponse response = api_.handle(request);
                     spdlog::debug("{} {}: {}", request.method, request.path, response.status);
                     return response;
                   },
                   [](unsigned status, const std::string& why) { return refusal(status, why); }));
  if (!session_.problem().empty()) spdlog::error("{}", session_.problem());
  if (!settings_.lab.empty()) apply_configured_lab();
  operations_.reconcile_now();
  notify_ready(session_.lab_file().value_or("no lab"));
  spdlog::info("ready on {}", settings_.socket);
  feed_watchdog();
  loop_.run();
  spdlog::info(session_.lab_file() ? "stopped; the lab stays in force" : "stopped");
  return {};
}

void Daemon::apply_configured_lab() {
  Result<control::LabText> text = read_lab_text(settings_.lab);
  if (!text.ok()) {
    spdlog::error("{}", text.error().to_string());
    return;
  }
  for (const lab::Finding& finding : load(*text).findings) spdlog::warn("{}", finding.to_string());
  const HttpResponse response = operations_.apply(std::move(*text));
  if (response.stream != nullptr) return;
  spdlog::error("{} is not applied: {}", settings_.lab,
                control::Json::parse(response.body)["error"]["message"].get<std::string>());
}

void Daemon::reload() {
  if (stopping_) return;
  // Asked for during an operation: after_pass() comes back to it.
  reload_wanted_ = operations_.busy();
  if (reload_wanted_) return;
  notify_reloading();
  if (!settings_.config.empty()) {
    Result<Configuration> configuration = read_configuration(settings_.config);
    if (!configuration.ok()) {
      spdlog::error("{}", configuration.error().to_string());
    } else if (has_errors(configuration->findings)) {
      for (const auto& finding : configuration->findings) spdlog::error("{}", finding.to_string());
    } else {
      settings_.lab = configuration->lab.value_or("");
      if (configuration->log_level) {
        spdlog::set_level(spdlog::level::from_str(*configuration->log_level));
      }
    }
  }
  if (settings_.lab.empty()) {
    operations_.reconcile_now();
  } else {
    apply_configured_lab();
  }
  notify_ready(session_.lab_file().value_or("no lab"));
}

void Daemon::stop() {
  const bool waiting_already = std::exchange(stopping_, true);
  if (!waiting_already) {
    notify_stopping();
    operations_.wind_down();
  }
  if (waiting_already || !operations_.busy()) {
    loop_.stop();
  } else {
    spdlog::info("stopping after the operation in progress; a second signal stops at once");
  }
}

void Daemon::after_pass() {
  feed_watchdog();
  if (stopping_) loop_.stop();
  if (std::exchange(reload_wanted_, false)) reload();
}

void Daemon::feed_watchdog() {
  notify_watchdog();
  if (const auto interval = watchdog_interval()) watchdog_.start(*interval);
}

}  // namespace egress::daemon
