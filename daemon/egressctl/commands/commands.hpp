// SPDX-License-Identifier: MIT
#pragma once

// The commands of egressctl, by what they are about. Each function adds its commands to the
// command line; when one of them is parsed, its work is put into `chosen`, for main to do.

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "egressctl/client.hpp"
#include "egressctl/console.hpp"
#include "egressctl/exit_status.hpp"
#include "policy/explain.hpp"

namespace egress::ctl {

// What every command works with.
struct Context {
  Console console;
  Client client;
  Screen progress{};      // where progress is drawn
  bool wait = false;      // for an operation that is in progress
  std::string picture{};  // of graph: "dot", "mermaid", or empty
};
using Action = std::function<int(const Context&)>;

// An operation that shows its progress while it runs. Ctrl-C leaves it to the daemon.
Answer run_with_progress(const Context& context, const std::string& path, const Json& body);

// "applied lab.yaml" or "removed the lab", for the summary.
struct Wording {
  std::string done{};
  std::string partly{};
  std::string what{};
  std::string left = "the kernel is not yet as the lab wants it";
};
// What an operation came to; the exit status.
int report(const Console& console, const Json& result, const Wording& wording);

void add_lab_commands(CLI::App& app, Action& chosen);        // validate, plan
void add_operation_commands(CLI::App& app, Action& chosen);  // apply, restart, down
// scale, connect, disconnect, delete, set, unset, purge, swap, export
void add_lifecycle_commands(CLI::App& app, Action& chosen);
void add_query_commands(CLI::App& app, Action& chosen);  // status, hold, leases, effective-…, graph
void add_clock_command(CLI::App& app, Action& chosen);             // clock, clock advance
void add_startup_commands(CLI::App& app, Action& chosen);          // startup, backup
void add_flow_commands(CLI::App& app, Action& chosen);             // explain, test
void add_name_commands(CLI::App& app, Action& chosen);             // resolve, dependencies
void add_network_watcher_commands(CLI::App& app, Action& chosen);  // ip-flow-verify, next-hop
// exec and env; `program` is what stands behind "--" and must live until the action is done.
void add_app_commands(CLI::App& app, const std::vector<std::string>& program, Action& chosen);
void add_wire_command(CLI::App& app, Action& chosen);   // wire
void add_watch_command(CLI::App& app, Action& chosen);  // watch
void add_about_command(CLI::App& app, Action& chosen);  // about, version
void add_bugreport_command(CLI::App& app, Action& chosen);
// doctor; `words` is what stands behind "--", as for add_app_commands.
void add_doctor_command(CLI::App& app, const std::vector<std::string>& words, Action& chosen);
// completion and what its scripts ask; `words` is what stands behind "--", as for add_app_commands.
void add_completion_commands(CLI::App& app, const std::vector<std::string>& words, Action& chosen);

// One command with its group in the help, and what its own help says below the options.
CLI::App* add_command(CLI::App& app, const char* group, const char* name, const char* purpose,
                      const char* details);
void when_chosen(CLI::App& command, Action& chosen, Action action);

inline constexpr const char* kLabGroup = "Lab";
inline constexpr const char* kLifecycleGroup = "Life cycle";
inline constexpr const char* kAppGroup = "Apps";
inline constexpr const char* kFlowGroup = "Flows";
inline constexpr const char* kOtherGroup = "Other";

using Render = std::string (*)(const Json&, const Screen&);
// Why a command ends before anybody is asked; the exit status.
int refuse(const Console& console, const Error& error, Purpose purpose);
// A document as the format wants it, or why there is none; the exit status.
int show(const Console& console, const Answer& answer, Render render);

// A positional that takes a kind of resources (lab/resource_kinds.hpp).
inline constexpr const char* kKind = "KIND";
// A positional that lab::Sender::parse_with_hosts takes, and one of apps alone.
CLI::Option* add_sender(CLI::App& command, std::string& target);
CLI::Option* add_target(CLI::App& command, std::string& target);
// One that takes a shell that there is completion for.
inline constexpr const char* kShell = "SHELL";
// "-o FORMAT"
inline constexpr const char* kFormatType = "FORMAT";
std::vector<std::string> formats();
inline constexpr const char* kPictures[] = {"dot", "mermaid"};
// "--traffic CLASS" with the words of control::parse_traffic.
inline constexpr const char* kTrafficType = "CLASS";
CLI::Option* add_traffic(CLI::App& command, std::string& traffic);
// kInvalid for what neither option takes.
Result<lab::Sender> parse_sender(const std::string& target, const std::string& traffic);
// Has the daemon make what packets of the sender's class are sent from, if it has not yet; a
// document, or why that cannot be.
Answer ask_for_traffic(const Context& context, const lab::Sender& sender);

// Whether the app gets what it wants, or otherwise than the kernel did.
int exit_of_explanation(const Json& explanation);
// Whether there is a record of the type that was asked for, or otherwise than the resolver said.
int exit_of_resolution(const Json& resolution);

// Adds to a failure what the daemon's lab has in place of the names it does not know, or that there
// is no lab.
Answer with_sites(Answer answer, const Client& client, const std::string& site);
// The same of apps or of hosts.
Answer with_senders(Answer answer, const Client& client, const lab::Sender& sender);
Answer with_hosts(Answer answer, const Client& client, const std::string& host);
Answer with_subnets(Answer answer, const Client& client, const std::string& subnet);
Answer with_plans(Answer answer, const Client& client, const std::string& plan);
Answer with_lab(Answer answer, const Client& client);  // that there is no lab, alone

}  // namespace egress::ctl
