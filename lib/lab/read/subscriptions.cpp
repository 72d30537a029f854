// SPDX-License-Identifier: MIT

#include "lab/read/resources.hpp"

namespace egress::lab {

Subscription read_subscription(Reader& reader, const Value& value) {
  ObjectReader object(reader, value, ObjectType::kSubscription);
  Subscription subscription;
  object.into(subscription.quota_id, "quotaId", &Reader::text);
  const auto providers = object.at("registeredProviders");
  if (providers && !providers->is_empty_list()) {
    subscription.registered_providers = reader.list(providers, &Reader::text);
  }
  return subscription;
}

}  // namespace egress::lab
