// SPDX-License-Identifier: MIT
// What the daemon begins with: the stored lab, the configured one, and what is wrong with them; and
// what systemd is told of it.

#include <gmock/gmock.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>

#include "tests/support/unix_socket.hpp"
#include "tests/unit/egressd/daemon_fixture.hpp"

namespace egress::daemon {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

// Stands where systemd listens, and asks for a sign of life every millisecond.
class Systemd {
 public:
  explicit Systemd(const std::string& path) : socket_(testing_support::bound_to(path, SOCK_DGRAM)) {
    EXPECT_TRUE(socket_.valid());
    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
    ::setenv("WATCHDOG_USEC", "3000", 1);
    listener_ = std::thread([this] { listen(); });
  }
  ~Systemd() {
    (void)heard();
    ::unsetenv("NOTIFY_SOCKET");
    ::unsetenv("WATCHDOG_USEC");
  }
  Systemd(const Systemd&) = delete;
  Systemd& operator=(const Systemd&) = delete;

  int signs_of_life() const { return signs_of_life_; }
  // All but those; nothing is heard any more.
  const std::vector<std::string>& heard() {
    ::shutdown(socket_.get(), SHUT_RD);
    if (listener_.joinable()) listener_.join();
    return heard_;
  }

 private:
  void listen() {
    std::string message(4096, '\0');
    for (;;) {
      const ssize_t size = ::recv(socket_.get(), message.data(), message.size(), 0);
      if (size <= 0) return;
      const std::string text = message.substr(0, static_cast<size_t>(size));
      if (text == "WATCHDOG=1") {
        ++signs_of_life_;
      } else {
        heard_.push_back(text);
      }
    }
  }

  UniqueFd socket_;
  std::vector<std::string> heard_{};
  std::atomic<int> signs_of_life_ = 0;
  std::thread listener_{};
};

TEST_F(DaemonTest, TakesUpTheStoredLabAfterAnotherStart) {
  start();
  apply(testing_support::small_lab(3));
  const Json before = status();
  const size_t applied = kernel_.applied();
  stop();
  start();
  EXPECT_TRUE(status_becomes([](const Json& now) { return now["lastPass"] != nullptr; }));
  EXPECT_EQ(status()["apps"], before["apps"]);
  EXPECT_EQ(status()["inSync"], true);
  EXPECT_EQ(kernel_.applied(), applied);
}

TEST_F(DaemonTest, SweepsNothingWhenTheStoredLabNoLongerLoads) {
  ASSERT_TRUE(store::Store(folder_ / "egressd.db")
                  .save({.lab = lab::LabText{.file = "old.yaml", .text = "nonsense: 1"}})
                  .ok());
  kernel_.state()["eg-vnet-old"] = {};
  start();
  const Json now = status();
  EXPECT_EQ(now["lab"], nullptr);
  EXPECT_EQ(now["inSync"], false);
  EXPECT_THAT(now["problems"][0].get<std::string>(), HasSubstr("stored lab"));
  EXPECT_EQ(kernel_.applied(), 0U);
  EXPECT_EQ(apply(kLab)["result"]["failed"], Json::array());
  EXPECT_EQ(status()["problems"], Json::array());
  EXPECT_EQ(kernel_.state().count("eg-vnet-old"), 0U);
}

TEST_F(DaemonTest, LeavesEverythingAsItIsWhenTheStoredLabIsSetAside) {
  ASSERT_TRUE(
      store::Store(folder_ / "egressd.db")
          .save({.lab = lab::LabText{.file = "lab.yaml", .text = kLab}, .unfinished_starts = 2})
          .ok());
  kernel_.state()["eg-vnet-old"] = {};
  settings_.lab = folder_.write("configured.yaml", kLab);
  start();
  const Json now = status();
  EXPECT_EQ(now["lab"], nullptr);
  EXPECT_EQ(now["inSync"], false);
  EXPECT_THAT(now["problems"][0].get<std::string>(), HasSubstr("set aside"));
  EXPECT_EQ(kernel_.applied(), 0U);
  EXPECT_EQ(apply(kLab)["result"]["failed"], Json::array());
  EXPECT_EQ(status()["inSync"], true);
  EXPECT_EQ(kernel_.state().count("eg-vnet-old"), 0U);
}

TEST_F(DaemonTest, LeavesALabSetAsideWhenItIsToldToReadItsConfigurationAgain) {
  ASSERT_TRUE(store::Store(folder_ / "egressd.db").save({.unfinished_starts = 2}).ok());
  settings_.lab = folder_.write("lab.yaml", kLab);
  settings_.config = folder_.write("egressd.yaml", "lab: lab.yaml\nlogLevel: loud\n");
  start();
  ::kill(::getpid(), SIGHUP);
  EXPECT_TRUE(status_becomes([](const Json& now) { return now["problems"].size() == 2; }));
  folder_.write("egressd.yaml", "lab: lab.yaml\nlogLevel: info\n");
  ::kill(::getpid(), SIGHUP);
  EXPECT_TRUE(status_becomes([](const Json& now) { return now["problems"].size() == 1; }));
  EXPECT_THAT(status()["problems"][0].get<std::string>(), HasSubstr("set aside"));
  EXPECT_EQ(kernel_.applied(), 0U);
}

TEST_F(DaemonTest, TakesDownALabThatIsSetAside) {
  ASSERT_TRUE(
      store::Store(folder_ / "egressd.db")
          .save({.lab = lab::LabText{.file = "lab.yaml", .text = kLab}, .unfinished_starts = 2})
          .ok());
  kernel_.state()["eg-vnet-spoke"] = {};
  start();
  EXPECT_EQ(last_line(post("/v1/down"))["result"]["failed"], Json::array());
  EXPECT_TRUE(kernel_.state().empty());
  EXPECT_FALSE(std::filesystem::exists(folder_ / "egressd.db"));
  EXPECT_EQ(status()["inSync"], true);
}

TEST_F(DaemonTest, CountsNoStartThatItLivedThrough) {
  start();
  apply(kLab);
  for (int i = 0; i < 3; ++i) {
    stop();
    start();
    EXPECT_TRUE(status_becomes([](const Json& now) { return now["lastPass"] != nullptr; }));
  }
  EXPECT_EQ(store::Store(folder_ / "egressd.db").load().value().unfinished_starts, 0);
}

TEST_F(DaemonTest, AppliesItsConfiguredLabAtTheStartAndOnHangup) {
  settings_.lab = folder_.write("lab.yaml", kLab);
  start();
  EXPECT_TRUE(status_becomes(
      [](const Json& now) { return now["inSync"] == true && now["apps"].size() == 1; }));
  folder_.write("lab.yaml", testing_support::small_lab(2));
  ::kill(::getpid(), SIGHUP);
  EXPECT_TRUE(status_becomes(
      [](const Json& now) { return now["inSync"] == true && now["apps"].size() == 2; }));
}

TEST_F(DaemonTest, TellsSystemdHowItIs) {
  Systemd systemd(folder_ / "notify");
  start();
  EXPECT_TRUE(testing_support::eventually([&] { return systemd.signs_of_life() >= 10; }));
  EXPECT_EQ(apply(kLab)["result"]["failed"], Json::array());
  ::kill(::getpid(), SIGHUP);  // is taken before the signal that ends it
  stop();
  const auto& heard = systemd.heard();
  ASSERT_FALSE(heard.empty());
  EXPECT_EQ(heard.front(), "READY=1\nSTATUS=no lab");
  EXPECT_EQ(heard.back(), "STOPPING=1");
  EXPECT_THAT(heard, Contains("STATUS=lab.yaml in force"));
  const auto reload = std::find_if(heard.begin(), heard.end(), [](const std::string& text) {
    return text.find("RELOADING=1") != std::string::npos;
  });
  ASSERT_NE(reload, heard.end());
  EXPECT_THAT(*reload, MatchesRegex("RELOADING=1\nMONOTONIC_USEC=[1-9][0-9]+"));
  EXPECT_THAT(std::vector<std::string>(reload, heard.end()), Contains("READY=1\nSTATUS=lab.yaml"));
}

TEST_F(DaemonTest, ShowsARefusedConfiguredLabUntilALabIsApplied) {
  settings_.lab = folder_.write("lab.yaml", "nonsense: 1");
  start();
  EXPECT_TRUE(status_becomes([](const Json& now) {
    return now["problems"].dump().find("lab.yaml:1:1") != std::string::npos;
  }));
  EXPECT_EQ(status()["inSync"], false);
  EXPECT_EQ(apply(kLab)["result"]["failed"], Json::array());
  EXPECT_EQ(status()["inSync"], true);
  ::kill(::getpid(), SIGHUP);
  EXPECT_TRUE(status_becomes([](const Json& now) { return now["problems"].size() == 1; }));
  EXPECT_EQ(status()["lab"], "lab.yaml");
  std::filesystem::remove(settings_.lab);
  ::kill(::getpid(), SIGHUP);
  EXPECT_TRUE(status_becomes([](const Json& now) {
    return now["problems"].dump().find("No such file") != std::string::npos;
  }));
  folder_.write("lab.yaml", kLab);
  ::kill(::getpid(), SIGHUP);
  EXPECT_TRUE(status_becomes([](const Json& now) { return now["inSync"] == true; }));
}

TEST_F(DaemonTest, ShowsAConfigurationThatItCouldNotTakeUpAgain) {
  settings_.config = folder_.write("egressd.yaml", "nonsense: 1\n");
  start();
  apply(kLab);
  ::kill(::getpid(), SIGHUP);
  EXPECT_TRUE(status_becomes([](const Json& now) {
    return now["problems"].dump().find("egressd.yaml:1:1") != std::string::npos;
  }));
  folder_.write("egressd.yaml", "logLevel: \"off\"\n");
  ::kill(::getpid(), SIGHUP);
  EXPECT_TRUE(status_becomes([](const Json& now) { return now["inSync"] == true; }));
}

TEST_F(DaemonTest, KeepsItsLabWhenTheConfiguredOneBecomesInvalid) {
  settings_.lab = folder_.write("lab.yaml", kLab);
  start();
  EXPECT_TRUE(status_becomes(
      [](const Json& now) { return now["inSync"] == true && now["apps"].size() == 1; }));
  folder_.write("lab.yaml", "nonsense: 1");
  ::kill(::getpid(), SIGHUP);
  stop();  // signals are taken in order of their numbers or arrival; both end in a clean stop
  EXPECT_EQ(kernel_.state().count("eg-app-web-0"), 1U);
}

}  // namespace
}  // namespace egress::daemon
