// SPDX-License-Identifier: MIT
#pragma once

// A daemon on a thread of its own, over a kernel of maps, and its clients on the test's thread.

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <future>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "control/messages.hpp"
#include "egressd/daemon.hpp"
#include "egressd/socket.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/fake_kernel.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/small_lab.hpp"
#include "tests/unit/egressd/http_client.hpp"

namespace egress::daemon {

using control::Json;

inline const std::string kLab = testing_support::small_lab();

// The same with a NAT gateway of the app's subnet, under 20.61.7.1.
inline std::string with_nat_gateway() {
  std::string text = kLab;
  const std::string list = "networkSecurityGroup: nsg}";
  return text.replace(text.find(list), list.size(), "networkSecurityGroup: nsg, natGateway: nat}") +
         "publicIPAddresses: {one: {ipAddress: 20.61.7.1}, two: {ipAddress: 20.61.7.2}}\n"
         "natGateways: {nat: {publicIpAddresses: [one]}}\n";
}

inline std::string message(const std::string& text) {
  return control::dump(control::to_json(lab::LabText{.file = "lab.yaml", .text = text}));
}

inline Json last_line(const Reply& reply) {
  const size_t end = reply.body.find_last_not_of('\n');
  const size_t start = reply.body.rfind('\n', end);
  return Json::parse(reply.body.substr(start == std::string::npos ? 0 : start + 1), nullptr, false);
}

class DaemonTest : public ::testing::Test {
 protected:
  DaemonTest() { spdlog::set_level(spdlog::level::off); }
  ~DaemonTest() override { stop(); }

  void start() {
    session::Session session(terms_, store::Store(folder_ / "egressd.db"));
    ASSERT_TRUE(session.restore(clock_.now()).ok());
    socket_.emplace(SocketFile::listen(path()).value());
    settings_.socket = path();
    thread_ = std::thread([this, restored = std::move(session)]() mutable {
      Daemon daemon(settings_, std::move(restored), kernel_,
                    {.send =
                         [this](const auto& flows, auto&, auto) {
                           if (on_probe_) on_probe_();
                           return Result<std::vector<probe::ProbeResult>>(
                               std::vector<probe::ProbeResult>(flows.size()));
                         },
                     .look_up =
                         [](const auto& lookups) {
                           return Result<std::vector<std::optional<dns::Reply>>>(
                               std::vector<std::optional<dns::Reply>>(lookups.size()));
                         },
                     .call =
                         [this](const auto& calls, auto) {
                           std::vector<probe::CallSeen> seen;
                           for (const probe::Call& call : calls) {
                             seen.push_back(on_call_ ? on_call_(call) : probe::CallSeen{});
                           }
                           return Result<std::vector<probe::CallSeen>>(std::move(seen));
                         }},
                    clock_);
      EXPECT_TRUE(daemon.run(socket_->take_fd()).ok());
    });
    // Its answer shows that the signals are its own by now.
    ASSERT_EQ(get("/v1/version").status, 200);
  }

  void stop() {
    if (!thread_.joinable()) return;
    ::kill(::getpid(), SIGTERM);
    thread_.join();
    socket_.reset();
  }

  Reply get(const std::string& target) { return send(path(), {.path = target}); }
  Reply post(const std::string& target, const std::string& body = {}) {
    return send(path(), {.method = "POST", .path = target, .body = body});
  }
  Json status() { return Json::parse(get("/v1/status").body); }
  Json apply(const std::string& text) { return last_line(post("/v1/apply", message(text))); }

  // Returns once the operation has begun, with what will be its answer.
  std::future<Reply> begin_apply(const std::string& text) {
    auto begun = std::make_shared<std::promise<void>>();
    std::future<void> has_begun = begun->get_future();
    auto reply = std::async(std::launch::async, [this, text, begun] {
      bool told = false;
      return send(path(), {.method = "POST",
                           .path = "/v1/apply",
                           .body = message(text),
                           .on_data = [&](const std::string&) {
                             if (!std::exchange(told, true)) begun->set_value();
                             return true;
                           }});
    });
    EXPECT_EQ(has_begun.wait_for(testing_support::kHang), std::future_status::ready);
    return reply;
  }

  // Asks until `condition` holds; a failure with the status when it never does.
  testing::AssertionResult status_becomes(const std::function<bool(const Json&)>& condition) {
    if (testing_support::eventually([&] { return condition(status()); })) {
      return testing::AssertionSuccess();
    }
    return testing::AssertionFailure() << status().dump();
  }

  std::string path() const { return folder_ / "s"; }

  // Makes every operation take as long as a slice.
  void slow_down() {
    kernel_.fail_matching([](const state::Op&) {
      const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(21);
      while (std::chrono::steady_clock::now() < end) {
      }
      return false;
    });
  }

  testing_support::Folder folder_{};
  Settings settings_{};
  session::Terms terms_{.prefix = "eg"};
  Clock clock_{};                     // as the next start() has it
  std::function<void()> on_probe_{};  // on the thread that sends the packets
  // Likewise; without it nobody answers.
  std::function<probe::CallSeen(const probe::Call&)> on_call_{};
  testing_support::FakeKernel kernel_{};
  std::optional<SocketFile> socket_{};
  std::thread thread_{};
};

}  // namespace egress::daemon
