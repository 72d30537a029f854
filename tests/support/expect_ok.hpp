// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include "base/result.hpp"

// That a Status is one of success; otherwise with what it says.
#define EXPECT_OK(expression)                               \
  do {                                                      \
    const ::egress::Status eg_got = (expression);           \
    EXPECT_TRUE(eg_got.ok()) << eg_got.error().to_string(); \
  } while (false)
