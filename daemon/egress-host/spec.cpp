// SPDX-License-Identifier: MIT
#include "egress-host/spec.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace egress::host {

std::string to_json(const Spec& spec) {
  std::vector<std::string> listen;
  for (const Port& port : spec.listen) listen.push_back(port.to_string());
  std::sort(listen.begin(), listen.end());
  nlohmann::ordered_json json;
  json["host"] = spec.host;
  json["listen"] = listen;
  return json.dump();
}

}  // namespace egress::host
