// SPDX-License-Identifier: MIT
#pragma once

// Sessions over one store, as processes that come one after the other have them.

#include <gmock/gmock.h>

#include <string>

#include "lab/edit.hpp"
#include "session/session.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/small_lab.hpp"

namespace egress::session {

inline const std::string kLab = testing_support::small_lab(2);

class SessionTest : public ::testing::Test {
 protected:
  // As a process that starts.
  Session start() const {
    Session session({.prefix = "eg"}, store::Store(folder_ / "egressd.db"));
    EXPECT_TRUE(session.restore(now()).ok());
    return session;
  }
  static ipam::TimePoint now() { return std::chrono::system_clock::now(); }
  static Proposal proposed(const Session& session, const std::string& text) {
    Outcome outcome =
        propose(*session.current(), {.file = "lab.yaml", .text = text}, session.terms(), now());
    EXPECT_TRUE(std::holds_alternative<Proposal>(outcome));
    return std::get<Proposal>(std::move(outcome));
  }
  static Proposal proposed(const Session& session, const lab::Lab& lab) {
    Outcome outcome = propose(*session.current(), lab, session.terms(), now());
    EXPECT_TRUE(std::holds_alternative<Proposal>(outcome));
    return std::get<Proposal>(std::move(outcome));
  }
  static Outcome outcome_of(const Session& session, const lifecycle::Operation& operation) {
    return propose_operation(*session.current(), operation, session.terms(), now());
  }
  // Another process would find the same.
  void expect_remembered(const Session& session) const {
    Session next = start();
    EXPECT_TRUE(next.end_start().ok());
    const LabInForce& is = *next.current();
    const LabInForce& was = *session.current();
    ASSERT_NE(is.network, nullptr) << next.problem();
    EXPECT_EQ(is.version, was.version);
    EXPECT_EQ(is.text, was.text);
    EXPECT_TRUE(is.network->situation == was.network->situation);
    EXPECT_EQ(is.leases.all(), was.leases.all());
    EXPECT_EQ(is.restarts, was.restarts);
    EXPECT_EQ(is.life, was.life);
    EXPECT_EQ(is.journal, was.journal);
    EXPECT_EQ(*is.desired, *was.desired);
    EXPECT_EQ(*is.renames, *was.renames);
  }
  // The lab in force with one key changed.
  static lab::Lab edited(const Session& session, const std::string& path,
                         const std::string& value) {
    const lab::Lab& lab = session.network()->situation.lab;
    const lab::Loaded loaded = lab::edit(lab, {{.path = path, .value = value}}, nullptr);
    EXPECT_TRUE(loaded.lab.has_value()) << loaded.findings.front().to_string();
    return loaded.lab.value_or(lab::Lab{});
  }
  // What the site "web" asks, joined by commas.
  static std::string servers_of_web(const Session& session) {
    std::string text;
    for (const Ipv4Address server : session.network()->sites.at("web").application().dns.servers) {
      text += (text.empty() ? "" : ",") + server.to_string();
    }
    return text;
  }
  static void apply(Session& session) { ASSERT_TRUE(session.adopt(proposed(session, kLab)).ok()); }
  void apply_and_die_twice_at_the_start() const {
    Session session = start();
    apply(session);
    for (int i = 0; i < 2; ++i) EXPECT_NE(start().network(), nullptr);
  }

  testing_support::Folder folder_{};
};

}  // namespace egress::session
