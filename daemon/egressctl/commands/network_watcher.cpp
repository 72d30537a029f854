// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <memory>

#include "base/number.hpp"
#include "control/messages.hpp"
#include "egressctl/commands/commands.hpp"
#include "egressctl/render/render.hpp"

namespace egress::ctl {

namespace {

struct IpFlowOptions {
  std::string target{};
  std::string direction = "Outbound";
  std::string protocol = "TCP";
  std::string remote{};
  uint16_t local_port = inspect::IpFlow{}.local_port;
};

// ADDRESS:PORT into the flow's remote side.
Status parse_remote(const std::string& text, inspect::IpFlow& flow) {
  const size_t colon = text.rfind(':');
  const auto address = Ipv4Address::parse(text.substr(0, colon));
  const auto port = colon == std::string::npos
                        ? std::nullopt
                        : parse_number<uint16_t>(std::string_view(text).substr(colon + 1));
  if (!address.ok() || !port) {
    return Error{.code = Errc::kInvalid,
                 .message = fmt::format("--remote '{}' is not of the form ADDRESS:PORT", text)};
  }
  flow.remote_address = *address;
  flow.remote_port = *port;
  return {};
}

Result<control::IpFlowRequest> request_of(const IpFlowOptions& options) {
  control::IpFlowRequest request;
  ASSIGN_OR_RETURN(request.app, lab::Sender::parse_with_hosts(options.target));
  RETURN_IF_ERROR(parse_remote(options.remote, request.flow));
  const bool inbound = options.direction == lab::name_of(lab::Direction::kInbound);
  request.flow.direction = inbound ? lab::Direction::kInbound : lab::Direction::kOutbound;
  request.flow.protocol = options.protocol == "UDP" ? Protocol::kUdp : Protocol::kTcp;
  request.flow.local_port = options.local_port;
  return request;
}

Result<control::NextHopRequest> request_of(const std::string& target,
                                           const std::string& destination) {
  control::NextHopRequest request;
  ASSIGN_OR_RETURN(request.app, lab::Sender::parse_with_hosts(target));
  ASSIGN_OR_RETURN(request.destination, Ipv4Address::parse(destination));
  return request;
}

template <typename Request>
int ask(const Context& context, const char* path, const Result<Request>& request, Render render) {
  if (!request.ok()) return context.console.fail(failure_of(request.error()), kUsage);
  const Answer answer = context.client.get(with_query(path, control::to_parameters(*request)));
  return show(context.console, with_senders(answer, context.client, request->app), render);
}

CLI::Validator one_of(std::set<std::string> words) {
  return CLI::IsMember(std::move(words), CLI::ignore_case).description("");
}

void add_ip_flow_verify(CLI::App& app, Action& chosen) {
  CLI::App* command = add_command(
      app, kFlowGroup, "ip-flow-verify", "Ask the security list of an app's subnet about one flow",
      "Network Watcher's IP flow verify: that list alone, neither routes nor other lists.\n"
      "Example: egressctl ip-flow-verify web --remote 10.1.2.4:1433\n"
      "Exit status: 0 whatever the list says, 2 usage, 3 trouble (such as: the app is not\n"
      "integrated).");
  const auto options = std::make_shared<IpFlowOptions>();
  add_sender(*command, options->target);
  command->add_option("--direction", options->direction, "Outbound or Inbound")
      ->type_name("WORD")
      ->transform(one_of({"Outbound", "Inbound"}))
      ->capture_default_str();
  command->add_option("--protocol", options->protocol, "TCP or UDP")
      ->type_name("WORD")
      ->transform(one_of({"TCP", "UDP"}))
      ->capture_default_str();
  command->add_option("--remote", options->remote, "The other side")
      ->type_name("ADDRESS:PORT")
      ->required();
  command->add_option("--local-port", options->local_port, "The app's port")
      ->type_name("N")
      ->capture_default_str();
  when_chosen(*command, chosen, [options](const Context& context) {
    return ask(context, "/v1/ip-flow-verify", request_of(*options), render_ip_flow);
  });
}

void add_next_hop(CLI::App& app, Action& chosen) {
  CLI::App* command =
      add_command(app, kFlowGroup, "next-hop", "Ask where the routes of an app's subnet lead",
                  "Network Watcher's next hop, for traffic that has entered the virtual network.\n"
                  "Example: egressctl next-hop web 10.1.2.4\n"
                  "Exit status: 0, 2 usage, 3 trouble (such as: the app is not integrated).");
  const auto target = std::make_shared<std::string>();
  const auto destination = std::make_shared<std::string>();
  add_sender(*command, *target);
  command->add_option("ADDRESS", *destination, "Where the traffic goes")->required();
  when_chosen(*command, chosen, [target, destination](const Context& context) {
    return ask(context, "/v1/next-hop", request_of(*target, *destination), render_next_hop);
  });
}

}  // namespace

void add_network_watcher_commands(CLI::App& app, Action& chosen) {
  add_ip_flow_verify(app, chosen);
  add_next_hop(app, chosen);
}

}  // namespace egress::ctl
