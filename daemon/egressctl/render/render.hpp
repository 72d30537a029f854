// SPDX-License-Identifier: MIT
#pragma once

// The documents of the control interface as text, for people and for CI systems. Pure, and from the
// JSON alone, so that answers of a daemon and analysis without one look the same.

#include <string>

#include "egressctl/answer.hpp"
#include "egressctl/terminal.hpp"

namespace egress::ctl {

std::string render_status(const Json& status, const Screen& screen);
// With the flows that have ended, where the clock was moved on.
std::string render_clock(const Json& clock, const Screen& screen);
std::string clock_offset_text(const Json& clock);  // "1h30m", ahead of the machine's
// Of one subnet.
std::string render_leases(const Json& leases, const Screen& screen);
// "plan/0", and of a Windows container "plan/0 web".
std::string holder_text(const Json& lease);
// Whether anything would change, in the lab or in the kernel.
bool would_change(const Json& plan);
enum class KernelLines { kCounted, kShown };
std::string render_plan(const Json& plan, KernelLines kernel, const Screen& screen);
// Columns and order of `az network nic show-effective-route-table -o table`, with names.
std::string render_routes(const Json& routes, const Screen& screen);
std::string render_rules(const Json& rules, const Screen& screen);
// Columns of `az network watcher test-ip-flow` and `show-next-hop`.
std::string render_ip_flow(const Json& verdict, const Screen& screen);
std::string render_next_hop(const Json& answer, const Screen& screen);

// `from` is "SITE/INSTANCE".
std::string render_explanation(const Json& explanation, const std::string& from,
                               const std::string& url, const Screen& screen);

// `from` likewise.
std::string render_resolution(const Json& resolution, const std::string& from,
                              const Screen& screen);
std::string render_dependencies(const Json& dependencies, const Screen& screen);

// Of what `wires` or a status has as its "wires".
std::string render_wires(const Json& wires, const Screen& screen);
// "held, loss 5%, latency 20ms until 14:05:00"; empty for a wire that carries packets as they come.
std::string impairment_text(const Json& wire);

std::string render_startup(const Json& startup, const Screen& screen);

// The document's "warnings", a paragraph each.
std::string render_warnings(const Json& document, const Screen& screen);

// What an operation changed, in one line: "applied lab.yaml: 12 objects changed in 0.41 s".
std::string render_result(const std::string& done, const std::string& what, const Json& result);
// What it did beside that, a line each: restarts, links on subnets, what nobody named.
std::string render_effects(const Json& result);
// Links on subnets that deleted apps have left behind, of a status; or empty.
// "plan: sku P1v3 → P2v3, capacity 1 → 2", of what has "serverFarm", "from" and "to".
std::string scaling_text(const Json& scaling);
std::string render_orphans(const Json& status, const Screen& screen);
// Apps that do not run behind an operation, a warning each.
std::string render_not_running(const Json& result, const Screen& screen);
// Why it is not finished: one line per object that failed or still differs; empty when it is.
// Causes, and how much depends on them; with `all` every line.
std::string render_leftovers(const Json& result, bool all = false);

std::string render_graph(const Json& graph, const Screen& screen);
std::string render_dot(const Json& graph);
std::string render_mermaid(const Json& graph);

// A lab's text, for excerpts; `file` as the findings name it.
struct Source {
  std::string file{};
  std::string text{};
};
// Findings of a lab file as compilers print theirs, one a line: "file:line:column: error: …". On a
// terminal the source line and a caret follow where the finding has a place in `source`.
std::string render_findings(const Json& findings, const Source& source, const Screen& screen);

struct TestCounts {
  size_t total = 0;
  size_t failed = 0;
};
TestCounts count_results(const Json& results);
// TAP version 13 and JUnit XML; `results` is {"results": […]}, `file` the lab file's name.
std::string render_tap(const Json& results, const std::string& file);
std::string render_junit(const Json& results, const std::string& file);

}  // namespace egress::ctl
