// SPDX-License-Identifier: MIT
#include "settings/responder_text.hpp"

#include <nlohmann/json.hpp>

namespace egress::settings {

std::string to_text(const Responder& responder) {
  auto listen = nlohmann::ordered_json::array();
  for (const Port& port : responder.listen) listen.push_back(port.to_string());
  return nlohmann::ordered_json{{"host", responder.host}, {"listen", std::move(listen)}}.dump();
}

Result<Responder> parse_responder(const std::string& text) try {
  const auto json = nlohmann::json::parse(text);
  Responder responder{.host = json.at("host")};
  for (const auto& written : json.at("listen")) {
    ASSIGN_OR_RETURN(const Port port, Port::parse(written.get_ref<const std::string&>()));
    responder.listen.insert(port);
  }
  return responder;
} catch (const nlohmann::json::exception& error) {
  return Error{.code = Errc::kInvalid,
               .message = "these are no settings of a responder",
               .kernel_text = error.what()};
}

}  // namespace egress::settings
