// SPDX-License-Identifier: MIT
#pragma once

// What the store's database is made of, and how one that an earlier program made becomes that.

#include "base/result.hpp"
#include "store/sqlite.hpp"

namespace egress::store {

// An empty database becomes ours, ours of an earlier version one of this version, in one
// transaction each. kInvalid when it is damaged or another program's, kUnsupported when a newer
// version made it; it is left alone then.
Status ensure_schema(Database& database);

}  // namespace egress::store
