// SPDX-License-Identifier: MIT
#include "base/guid.hpp"

#include <gmock/gmock.h>

namespace egress {
namespace {

TEST(Guid, IsStableAndOfUuidForm) {
  EXPECT_THAT(guid_of("spoke"),
              ::testing::MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-"
                                      "[0-9a-f]{12}"));
  EXPECT_EQ(guid_of("spoke"), guid_of(std::string("spo") + "ke"));
  EXPECT_NE(guid_of("spoke"), guid_of("spokf"));
  EXPECT_THAT(instance_id_of("plan/0"), ::testing::MatchesRegex("[0-9a-f]{64}"));
}

// Apps have seen these.
TEST(Guid, HasTheValuesItAlwaysHad) {
  EXPECT_EQ(guid_of("spoke"), "1d9f68e8-fa33-8ea2-af61-09b0174a205b");
  EXPECT_EQ(instance_id_of("plan/0"),
            "2eaea54f2db64ed2016dad0b2860f1014a92d83c2c6d6866688ebadba78ecddb");
}

}  // namespace
}  // namespace egress
