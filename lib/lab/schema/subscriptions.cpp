// SPDX-License-Identifier: MIT

#include "lab/subscriptions.hpp"

#include "lab/schema/objects.hpp"

namespace egress::lab {

Property subscription_property() {
  return value("subscription", Form::kText, "Its subscription, when it is not the lab's.");
}

std::vector<ObjectSchema> subscription_schemas() {
  Property quota_id = value("quotaId", Form::kText,
                            "The offer. That of an Enterprise Agreement and MCA-E let networks "
                            "send to port 25 on the Internet, no other does.");
  quota_id.default_value = Subscription{}.quota_id;
  return {{ObjectType::kSubscription,
           "subscription",
           "A subscription.",
           {quota_id, list("registeredProviders", Form::kText,
                           "Resource providers that it has registered. Without them, "
                           "Microsoft.Web and Microsoft.Network.")}},
          {ObjectType::kRoleAssignment,
           "roleAssignment",
           "What may be done, and where.",
           {required(value("scope", Form::kScope,
                           "VNET, a virtual network and all in it, or VNET/SUBNET.")),
            required(list("actions", Form::kText,
                          "Such as Microsoft.Network/virtualNetworks/subnets/join/action; * at the "
                          "end stands for whatever follows.",
                          1))}}};
}

}  // namespace egress::lab
