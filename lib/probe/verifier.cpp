// SPDX-License-Identifier: MIT
#include "probe/verifier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "compile/names.hpp"
#include "inspect/senders.hpp"
#include "policy/origin.hpp"
#include "policy/source_ports.hpp"

namespace egress::probe {

namespace {

constexpr std::chrono::milliseconds kPatience{400};
constexpr std::chrono::seconds kCallPatience{2};
// For how long nothing has to come where nothing should.
constexpr std::chrono::milliseconds kSilence{500};
// Enough that a port comes again only after the time-outs of connection tracking.
constexpr size_t kMostFreshPorts = 10000;

// From which the packet of a flow with the assumed port may be sent, that one first.
std::vector<uint16_t> ports_for(const lab::Lab& lab) {
  constexpr uint16_t kAssumed = policy::Flow{}.source_port;
  constexpr uint16_t kFirst = 1024;  // ports below need a privilege
  const PortSet alike = policy::ports_judged_as(lab, kAssumed);
  std::vector<uint16_t> ports;
  for (const auto& part :
       {Interval<uint16_t>{kAssumed, PortSet::kMax}, Interval<uint16_t>{kFirst, kAssumed - 1}}) {
    const PortSet usable = alike.intersected(PortSet({part}));
    for (const auto& range : usable.intervals()) {
      for (uint32_t port = range.first; port <= range.last; ++port) {
        if (ports.size() == kMostFreshPorts) return ports;
        ports.push_back(static_cast<uint16_t>(port));
      }
    }
  }
  return ports;
}

ProbeFlow probe_flow(std::string netns, const policy::Flow& flow,
                     const policy::Explanation& expected) {
  const auto& balanced = expected.balanced;
  return {.netns = std::move(netns),
          .protocol = static_cast<uint8_t>(flow.protocol),
          .destination = flow.destination,
          .destination_port = flow.destination_port,
          .source_port = flow.source_port,
          .app_port = balanced.empty() ? uint16_t{0} : balanced.back().port};
}

// From which the sender's packets leave.
Result<std::string> netns_of(const policy::Network& network, const std::string& prefix,
                             const lab::Sender& sender, bool public_attempt) {
  if (!sender.host.empty()) return compile::host_netns(prefix, sender.host);
  ASSIGN_OR_RETURN(const policy::Network::App app,
                   policy::declared_app(network, sender, public_attempt));
  RETURN_IF_ERROR(inspect::check_in_use(app));
  return compile::lane_netns(prefix, app.name, app.lane->public_attempt, app.worker->is_next);
}

// Those that an answer is made of, in order.
std::vector<const policy::Explanation*> attempts_of(const policy::Explanation& explanation) {
  if (explanation.refused_attempt == nullptr) return {&explanation};
  return {explanation.refused_attempt.get(), &explanation};
}

// What they are held against packets for.
NameQuestion lookup_of(const policy::Explanation& attempt) {
  return {.app = attempt.sender,
          .expected = *attempt.resolution,
          .public_attempt = attempt.public_attempt};
}
Question question_of(const policy::Explanation& attempt) {
  return {attempt.sender, attempt.flow, attempt.public_attempt};
}

using Receivers = std::map<std::string, std::string>;  // names by namespace

// Without that at an app to which a front end hands it, and which is watched for another flow.
std::vector<Arrival> arrivals_of(const ProbeResult& result, const policy::Explanation& expected,
                                 const Receivers& receivers) {
  std::vector<Arrival> arrivals = result.also;
  if (result.arrival) arrivals.insert(arrivals.begin(), *result.arrival);
  if (expected.answer_unknown) {
    std::erase_if(arrivals, [&](const Arrival& each) { return !receivers.contains(each.netns); });
  }
  return arrivals;
}

inspect::Observation observation_of(const ProbeResult& result, const std::vector<Arrival>& arrivals,
                                    const Receivers& receivers) {
  inspect::Observation seen{.replied = result.replied, .refused = result.refused};
  if (arrivals.empty()) return seen;
  seen.arrived = true;
  seen.source = arrivals.front().source;
  if (const auto found = receivers.find(arrivals.front().netns); found != receivers.end()) {
    seen.host = found->second;
  }
  return seen;
}

void append(std::vector<std::string>& all, const std::vector<std::string>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

// Of the attempt that was made in public it is said so.
void append(std::vector<std::string>& all, bool public_attempt,
            const std::vector<std::string>& more) {
  for (const std::string& each : more)
    all.push_back((public_attempt ? "public attempt: " : "") + each);
}

}  // namespace

uint16_t Verifier::fresh_port(const lab::Lab& lab) {
  return fresh_port(ports_for(lab));
}

std::vector<uint16_t> Verifier::fresh_ports(const lab::Lab& lab, size_t count) {
  const std::vector<uint16_t> ports = ports_for(lab);
  std::vector<uint16_t> fresh;
  for (size_t i = 0; i < count; ++i) fresh.push_back(fresh_port(ports));
  return fresh;
}

uint16_t Verifier::fresh_port(const std::vector<uint16_t>& ports) {
  return ports[fresh_ports_++ % ports.size()];
}

Result<std::vector<Verified>> Verifier::verify(const policy::Network& network,
                                               const std::string& prefix,
                                               const std::vector<Question>& questions) const {
  std::vector<Verified> answers;
  std::vector<ProbeFlow> flows;
  std::vector<Receivers> receivers;
  std::vector<std::string> watched;
  for (const Question& question : questions) {
    ASSIGN_OR_RETURN(
        policy::Explanation explanation,
        policy::explain_attempt(network, question.app, question.public_attempt, question.flow));
    ASSIGN_OR_RETURN(std::string netns,
                     netns_of(network, prefix, question.app, question.public_attempt));
    flows.push_back(probe_flow(std::move(netns), question.flow, explanation));
    answers.push_back({.explanation = std::move(explanation)});
    receivers.push_back(inspect::receivers(network, prefix, question.flow.destination));
    for (const auto& [receiver, who] : receivers.back()) watched.push_back(receiver);
  }
  if (flows.empty()) return answers;
  ASSIGN_OR_RETURN(const std::vector<ProbeResult> results, probes_.send(flows, watched, kPatience));
  for (size_t i = 0; i < answers.size(); ++i) {
    Verified& answer = answers[i];
    const std::vector<Arrival> arrivals = arrivals_of(results[i], answer.explanation, receivers[i]);
    answer.observation = observation_of(results[i], arrivals, receivers[i]);
    if (questions[i].flow.protocol != Protocol::kIcmp) {
      answer.observation.source_port = flows[i].source_port;
    }
    answer.observation.by_program =
        questions[i].programs_may_answer &&
        inspect::may_be_of_program(network, answer.explanation, answer.observation);
    answer.differences =
        inspect::differences(questions[i].flow.protocol, answer.explanation, answer.observation);
    for (size_t also = 1; also < arrivals.size(); ++also) {
      answer.differences.push_back("kernel: the packet also came out in " + arrivals[also].netns);
    }
  }
  RETURN_IF_ERROR(call_services(flows, answers));
  RETURN_IF_ERROR(call_half_open(flows, answers));
  return answers;
}

Status Verifier::call_half_open(const std::vector<ProbeFlow>& flows,
                                std::vector<Verified>& answers) const {
  std::vector<Call> calls;
  std::vector<Verified*> asked_by;
  for (size_t i = 0; i < answers.size(); ++i) {
    const auto& reply = answers[i].explanation.reply;
    if (!reply || !reply->half_open) continue;
    calls.push_back(
        {flows[i].netns, flows[i].destination, flows[i].destination_port, flows[i].source_port});
    asked_by.push_back(&answers[i]);
  }
  if (calls.empty()) return {};
  ASSIGN_OR_RETURN(const std::vector<CallSeen> seen, probes_.call(calls, kSilence));
  for (size_t i = 0; i < calls.size(); ++i) {
    asked_by[i]->observation.silent = seen[i].text.empty();
    if (seen[i].text.empty()) continue;
    asked_by[i]->differences.push_back(fmt::format("explain: {} kernel: the connection hears {}",
                                                   asked_by[i]->explanation.reply->reason,
                                                   seen[i].text));
  }
  return {};
}

Status Verifier::call_services(const std::vector<ProbeFlow>& flows,
                               std::vector<Verified>& answers) const {
  std::vector<Call> calls;
  std::vector<Verified*> asked_by;
  for (size_t i = 0; i < answers.size(); ++i) {
    const bool reached = answers[i].observation.replied && !answers[i].observation.refused;
    if (!answers[i].explanation.service || !reached) continue;
    if (answers[i].explanation.answer_unknown) continue;
    if (answers[i].explanation.reply && answers[i].explanation.reply->half_open) continue;
    if (flows[i].protocol != number_of(Protocol::kTcp)) continue;
    calls.push_back(
        {flows[i].netns, flows[i].destination, flows[i].destination_port, flows[i].source_port});
    asked_by.push_back(&answers[i]);
  }
  if (calls.empty()) return {};
  ASSIGN_OR_RETURN(const std::vector<CallSeen> seen, probes_.call(calls, kCallPatience));
  for (size_t i = 0; i < calls.size(); ++i) {
    append(asked_by[i]->differences,
           inspect::differences(*asked_by[i]->explanation.service, access_in(seen[i])));
  }
  return {};
}

Result<std::vector<NameVerified>> Verifier::verify_names(
    const policy::Network& network, const std::string& prefix,
    const std::vector<NameQuestion>& questions) const {
  std::vector<NameVerified> answers;
  if (questions.empty()) return answers;
  std::vector<NameLookup> lookups;
  for (const NameQuestion& question : questions) {
    ASSIGN_OR_RETURN(std::string netns,
                     netns_of(network, prefix, question.app, question.public_attempt));
    const auto& ask = question.app.host.empty() ? by_resolver : by_servers;
    lookups.push_back(ask(std::move(netns), {question.expected.name, question.expected.type},
                          question.expected.settings));
    lookups.back().tcp = question.tcp;
  }
  ASSIGN_OR_RETURN(const auto replies, probes_.look_up(lookups));
  for (size_t i = 0; i < questions.size(); ++i) {
    NameVerified& answer = answers.emplace_back(
        NameVerified{.expected = questions[i].expected, .seen = seen_in(replies[i])});
    answer.differences = inspect::differences(answer.expected, answer.seen);
  }
  return answers;
}

Result<Verified> Verifier::verify(const policy::Network& network, const std::string& prefix,
                                  const lab::Sender& app, const std::string& url,
                                  std::optional<uint16_t> source_port,
                                  const policy::AskUpstream& ask) {
  ASSIGN_OR_RETURN(policy::Explanation explanation,
                   inspect::explain_url(network, app, url, source_port, ask));
  if (!source_port) {
    source_port = fresh_port(network.situation.lab);
    // Shown is then what was looked at, as another port may be given to another machine.
    if (explanation.depends_on_ports()) {
      ASSIGN_OR_RETURN(explanation, inspect::explain_url(network, app, url, source_port, ask));
    }
  }
  Verified all{.explanation = explanation};
  for (const policy::Explanation* attempt : attempts_of(explanation)) {
    ASSIGN_OR_RETURN(Verified verified, verify(network, prefix, *attempt, *source_port));
    append(all.differences, attempt->public_attempt, verified.differences);
    all.observation = std::move(verified.observation);
  }
  return all;
}

Result<Verified> Verifier::verify(const policy::Network& network, const std::string& prefix,
                                  const policy::Explanation& attempt, uint16_t source_port) const {
  Verified verified;
  if (attempt.resolution) {
    ASSIGN_OR_RETURN(const auto names, verify_names(network, prefix, {lookup_of(attempt)}));
    verified.differences = names.front().differences;
  }
  if (!attempt.is_sent()) return verified;
  Question question = question_of(attempt);
  question.flow.source_port = source_port;
  question.programs_may_answer = true;
  ASSIGN_OR_RETURN(const auto flows, verify(network, prefix, {question}));
  verified.observation = flows.front().observation;
  append(verified.differences, flows.front().differences);
  return verified;
}

Result<std::vector<inspect::TestResult>> Verifier::test(const policy::Network& network,
                                                        const std::string& prefix) {
  const lab::Lab& lab = network.situation.lab;
  const std::vector<uint16_t> ports = ports_for(lab);
  auto results = inspect::test(
      network, [&] { return fresh_port(ports); }, ask_programs(network, prefix));
  RETURN_IF_ERROR(add_lookups(network, prefix, results));
  RETURN_IF_ERROR(add_packets(network, prefix, results));
  return results;
}

Status Verifier::add_lookups(const policy::Network& network, const std::string& prefix,
                             std::vector<inspect::TestResult>& results) const {
  std::vector<NameQuestion> questions;
  std::vector<inspect::TestResult*> asked_by;
  for (inspect::TestResult& result : results) {
    const size_t before = questions.size();
    const lab::Expectation& expected = result.expectation;
    if (result.resolution) {
      questions.push_back({.app = expected.sender(), .expected = *result.resolution});
    } else if (result.explanation) {
      for (const policy::Explanation* attempt : attempts_of(*result.explanation)) {
        if (attempt->resolution) questions.push_back(lookup_of(*attempt));
      }
    }
    asked_by.insert(asked_by.end(), questions.size() - before, &result);
  }
  ASSIGN_OR_RETURN(const auto answers, verify_names(network, prefix, questions));
  for (size_t i = 0; i < answers.size(); ++i) {
    append(asked_by[i]->differences, questions[i].public_attempt, answers[i].differences);
  }
  return {};
}

Status Verifier::add_packets(const policy::Network& network, const std::string& prefix,
                             std::vector<inspect::TestResult>& results) const {
  std::vector<Question> questions;
  std::vector<inspect::TestResult*> asked_by;
  for (inspect::TestResult& result : results) {
    if (!result.explanation) continue;
    for (const policy::Explanation* attempt : attempts_of(*result.explanation)) {
      if (!attempt->is_sent()) continue;
      questions.push_back(question_of(*attempt));
      asked_by.push_back(&result);
    }
  }
  ASSIGN_OR_RETURN(const std::vector<Verified> answers, verify(network, prefix, questions));
  for (size_t i = 0; i < answers.size(); ++i) {
    append(asked_by[i]->differences, questions[i].public_attempt, answers[i].differences);
  }
  return {};
}

}  // namespace egress::probe
