// SPDX-License-Identifier: MIT
#include "egressd/daemon.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <utility>

#include "control/json.hpp"
#include "egressd/memory.hpp"
#include "egressd/notifier.hpp"
#include "egressd/responses.hpp"

namespace egress::daemon {

namespace {

// What a refusal says, with the first of its errors.
std::string reason_of(const HttpResponse& refusal) {
  const control::Json error = control::Json::parse(refusal.body)["error"];
  std::string reason = error["message"].get<std::string>();
  for (const control::Json& finding : error["findings"]) {
    if (finding["severity"] == "error") return reason + ": " + finding["text"].get<std::string>();
  }
  return reason;
}

}  // namespace

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
  Result<std::unique_ptr<HttpServer>> server = HttpServer::start(
      loop_, std::move(listener),
      {.body = control::kLargestBody,
       .bodies = control::kLargestBodies,
       .connections = {control::kMostConnections, control::kPatience}},
      [this](const HttpRequest& request) {
        HttpResponse response = api_.handle(request);
        spdlog::debug("{} {}: {}", request.method, request.path, response.status);
        return response;
      },
      [](unsigned status, const std::string& why) { return refusal(status, why); });
  if (!server.ok()) {
    RETURN_IF_ERROR(session_.end_start());  // not the lab's fault
    return std::move(server).error();
  }
  server_ = *std::move(server);
  RETURN_IF_ERROR(take_up_lab());
  notify_ready(session_.lab_file().value_or("no lab"));
  spdlog::info("ready on {}", settings_.socket);
  feed_watchdog();
  loop_.run();
  if (const Status ended = session_.end_start(); !ended.ok()) {
    spdlog::error("{}", ended.error().to_string());
  }
  spdlog::info(session_.lab_file() ? "stopped; the lab stays in force" : "stopped");
  return {};
}

// The configured lab, or the stored one.
Status Daemon::take_up_lab() {
  if (!session_.problem().empty()) spdlog::error("{}", session_.problem());
  if (!settings_.lab.empty() && !session_.set_aside()) {
    RETURN_IF_ERROR(session_.begin_start());
    apply_configured_lab();
  }
  operations_.reconcile_now();
  return session_.network() == nullptr ? session_.end_start() : Status();
}

void Daemon::apply_configured_lab() {
  const auto refuse = [this](const std::string& why) {
    operations_.refuse_configured(
        fmt::format("the configured lab {} is not applied: {}", settings_.lab, why));
  };
  Result<control::LabText> text = read_lab_text(settings_.lab);
  if (!text.ok()) return refuse(text.error().to_string());
  auto applied = within_memory("apply it", [&] {
    for (const auto& finding : load(*text).findings) spdlog::warn("{}", finding.to_string());
    return operations_.apply(std::move(*text));
  });
  if (!applied.ok()) return refuse(applied.error().to_string());
  if (applied->stream == nullptr) refuse(reason_of(*applied));
}

void Daemon::reload() {
  if (stopping_) return;
  // Asked for during an operation: after_pass() comes back to it.
  reload_wanted_ = operations_.busy();
  if (reload_wanted_) return;
  notify_reloading();
  operations_.refuse_configured({});
  if (const Status read = read_configuration_again(); !read.ok()) {
    operations_.refuse_configured(read.error().to_string());
  } else if (settings_.lab.empty() || session_.set_aside()) {
    operations_.reconcile_now();
  } else {
    apply_configured_lab();
  }
  notify_ready(session_.lab_file().value_or("no lab"));
}

Status Daemon::read_configuration_again() {
  if (settings_.config.empty()) return {};
  ASSIGN_OR_RETURN(const Configuration configuration, read_configuration(settings_.config));
  for (const auto& finding : configuration.findings) spdlog::error("{}", finding.to_string());
  if (lab::any_error(configuration.findings)) {
    return Error{.code = Errc::kInvalid, .message = configuration.findings.front().to_string()};
  }
  settings_.lab = configuration.lab.value_or("");
  if (configuration.log_level) spdlog::set_level(spdlog::level::from_str(*configuration.log_level));
  return {};
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
