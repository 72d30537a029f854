// SPDX-License-Identifier: MIT
#include "tests/oracle/questions.hpp"

#include <fmt/format.h>

namespace egress::oracle {
namespace {

std::string text_of(const ProbeCase& probe) {
  return fmt::format("{} {}://{}:{} from port {}", probe.from.to_string(),
                     name_of(probe.flow.protocol), probe.flow.destination.to_string(),
                     probe.flow.destination_port, probe.flow.source_port);
}

std::string text_of(const NameCase& name) {
  return fmt::format("{} resolves {} {} over {}", name.from.to_string(), name.name,
                     policy::to_text(name.type), name.tcp ? "TCP" : "UDP");
}

std::string text_of(const StartCase& start) {
  return fmt::format("{} starts", start.from.to_string());
}

}  // namespace

const lab::Sender& sender_of(const Question& question) {
  return std::visit([](const auto& asked) -> const lab::Sender& { return asked.from; }, question);
}

std::string to_text(const Question& question) {
  return std::visit([](const auto& asked) { return text_of(asked); }, question);
}

}  // namespace egress::oracle
