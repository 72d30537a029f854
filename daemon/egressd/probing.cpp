// SPDX-License-Identifier: MIT
#include "egressd/probing.hpp"

#include <fmt/format.h>

#include <set>

#include "egressd/queries.hpp"
#include "egressd/startups.hpp"
#include "egressd/wires.hpp"
#include "inspect/concerns.hpp"
#include "inspect/plan.hpp"
#include "inspect/senders.hpp"

namespace egress::daemon {

namespace {

Result<probe::NameVerified> verified(const probe::Verifier& verifier,
                                     const policy::Network& network, const std::string& prefix,
                                     const control::ResolveRequest& request) {
  ASSIGN_OR_RETURN(policy::Resolution expected, resolution_of(network, prefix, request));
  ASSIGN_OR_RETURN(auto answers,
                   verifier.verify_names(network, prefix, {{request.app, std::move(expected)}}));
  return std::move(answers.front());
}

// Expectations are no resources, but what they ask about has to have a namespace. Both networks
// have the same sites.
Status check_traffic(const policy::Network& tested, const policy::Network& in_force,
                     const std::string& file) {
  for (const auto& [name, site] : tested.sites) {
    for (const lab::TrafficClass traffic : site.classes_in_use) {
      if (in_force.sites.at(name).sends(traffic)) continue;
      return Error{
          .code = Errc::kConflict,
          .message = fmt::format("{} asks about the class {} of site '{}', which is not in "
                                 "use in the lab in force; apply it first",
                                 file, name_of(traffic), name)};
    }
  }
  return {};
}

// Of the wires by which this sender enters its network.
std::optional<std::string> warning_for(const policy::Network& network, const lab::Sender& sender,
                                       int64_t now_ms) {
  const auto app = network.find(sender);
  if (!app) return std::nullopt;
  return wire_warning(network, app->instance, now_ms);
}

std::vector<std::string> warnings_for(const policy::Network& network,
                                      const std::vector<inspect::TestResult>& results,
                                      int64_t now_ms) {
  std::set<std::string> warnings;
  for (const inspect::TestResult& result : results) {
    const lab::Expectation& wanted = result.expectation;
    if (auto warning = warning_for(network, {wanted.from, wanted.instance}, now_ms)) {
      warnings.insert(*std::move(warning));
    }
  }
  return {warnings.begin(), warnings.end()};
}

}  // namespace

// `work` returns an OrRefusal; what it found holds for a lab and a kernel that nobody
// has touched.
template <typename T, typename Work>
void Probing::send_packets(const char* what, Work work, Then<T> then) {
  const Result<uint64_t> before = operations_.quiet_now();
  if (!before.ok()) return then(session::Refusal{before.error(), {}});
  workers_.run(what, std::move(work),
               [this, before = *before, then = std::move(then)](Result<OrRefusal<T>> answer) {
                 const bool untouched = operations_.changes() == before;
                 if (!untouched) answer = OrRefusal<T>(session::Refusal{changed_meanwhile(), {}});
                 give<T>(then, std::move(answer));
               });
}

void Probing::verify(const control::ExplainRequest& request, Then<Verified> then) {
  send_packets<Verified>(
      "explain",
      [request, verifier = verifier_, lab = session_.current(), prefix = session_.terms().prefix,
       now_ms = ms_since_epoch(clock_.now())]() -> OrRefusal<Verified> {
        const policy::Network& network = *lab->network;
        auto seen = verifier->verify(network, prefix, request.app, request.url, request.source_port,
                                     probe::ask_programs(network, prefix));
        if (!seen.ok()) return session::Refusal{seen.error(), {}};
        Verified verified{.seen = std::move(*seen)};
        verified.warnings =
            inspect::concerning(lab->warnings, network.situation.lab, verified.seen.explanation);
        if (verified.seen.explanation.path != lab::Path::kVirtualNetwork) return verified;
        if (auto warning = warning_for(network, request.app, now_ms)) {
          verified.warnings.push_back(*std::move(warning));
        }
        return verified;
      },
      std::move(then));
}

void Probing::verify(const control::ResolveRequest& request, Then<probe::NameVerified> then) {
  send_packets<probe::NameVerified>(
      "resolve",
      [request, verifier = verifier_, lab = session_.current(), prefix = session_.terms().prefix] {
        return or_refusal(verified(*verifier, *lab->network, prefix, request));
      },
      std::move(then));
}

void Probing::test(lab::LabText text, Then<Tested> then) {
  send_packets<Tested>(
      "test",
      [text = std::move(text), verifier = verifier_, current = session_.current(),
       startups = session_.startups(), prefix = session_.terms().prefix,
       now_ms = ms_since_epoch(clock_.now())]() -> OrRefusal<Tested> {
        lab::Loaded loaded = lab::load(text);
        if (!loaded.lab) {
          return session::Refusal{{.code = Errc::kInvalid, .message = "the lab is invalid"},
                                  std::move(loaded.findings)};
        }
        // Packets meet the lab in force: expectations of another one would be tested against
        // neither.
        const auto changes =
            inspect::resource_changes(&current->network->situation.lab, *loaded.lab);
        if (!changes.empty()) {
          return session::Refusal{
              {.code = Errc::kConflict,
               .message = fmt::format("{} is not the lab in force ({} resources differ); apply it "
                                      "first",
                                      text.file, changes.size())},
              {}};
        }
        policy::Situation situation = current->network->situation;
        situation.lab = std::move(*loaded.lab);
        const auto tested = policy::analyse(std::move(situation), current->network.get());
        if (Status sent = check_traffic(*tested, *current->network, text.file); !sent.ok()) {
          return session::Refusal{std::move(sent).error(), {}};
        }
        auto results = verifier->test(*tested, prefix);
        if (!results.ok()) return session::Refusal{results.error(), {}};
        add_performed(startups, *tested, *results);
        auto warnings = warnings_for(*tested, *results, now_ms);
        for (const lab::Finding& each : loaded.findings) warnings.push_back(each.to_string());
        return Tested{std::move(*results), std::move(warnings)};
      },
      std::move(then));
}

}  // namespace egress::daemon
