// SPDX-License-Identifier: MIT
#include <filesystem>

#include "session/session.hpp"
#include "tests/unit/session/session_fixture.hpp"

namespace egress::session {
namespace {

TEST_F(SessionTest, KeepsTheAuthorityOfItsLabAndMakesAnotherForTheNext) {
  tls::Authority first;
  {
    Session session = start();
    apply(session);
    first = session.current()->authority;
    EXPECT_NE(first, tls::Authority{});
  }
  {
    Session session = start();
    EXPECT_EQ(session.current()->authority, first);
    session.forget();
    EXPECT_NE(session.current()->authority, first);
    apply(session);
    EXPECT_NE(session.current()->authority, first);
    first = session.current()->authority;
  }
  EXPECT_EQ(start().current()->authority, first);
}

TEST_F(SessionTest, LetsNobodyElseReadTheKeyOfTheAuthority) {
  Session session = start();
  apply(session);
  const auto mode = std::filesystem::status(folder_ / "egressd.db").permissions();
  EXPECT_EQ(mode & (std::filesystem::perms::group_all | std::filesystem::perms::others_all),
            std::filesystem::perms::none);
}

}  // namespace
}  // namespace egress::session
