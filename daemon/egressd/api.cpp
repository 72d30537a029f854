// SPDX-License-Identifier: MIT
#include "egressd/api.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "base/number.hpp"
#include "control/messages.hpp"
#include "egressd/http_answers.hpp"
#include "egressd/metrics.hpp"

namespace egress::daemon {

namespace {

std::string argument(const HttpRequest& request, const char* name) {
  const auto found = request.query.find(name);
  return found == request.query.end() ? std::string() : found->second;
}

// The parts between `head` and `tail`, when the path has that shape.
std::optional<std::string> between(std::string_view path, std::string_view head,
                                   std::string_view tail) {
  if (path.size() <= head.size() + tail.size() || !path.starts_with(head) ||
      !path.ends_with(tail)) {
    return std::nullopt;
  }
  return std::string(path.substr(head.size(), path.size() - head.size() - tail.size()));
}

// "SITE/INSTANCE", both of them.
Result<lab::Sender> parse_app(const std::string& text) {
  if (text.find('/') != std::string::npos) return lab::Sender::parse(text);
  return Error{.code = Errc::kInvalid,
               .message = fmt::format("'{}' is not of the form SITE/INSTANCE", text)};
}

// The same of one of its classes of traffic.
Result<lab::Sender> parse_sender(const std::string& text, const HttpRequest& request) {
  ASSIGN_OR_RETURN(lab::Sender sender, parse_app(text));
  ASSIGN_OR_RETURN(sender.traffic, control::parse_traffic(request.query));
  return sender;
}

HttpResponse not_found(const HttpRequest& request) {
  return refusal(MHD_HTTP_NOT_FOUND, fmt::format("no {} {}", request.method, request.path));
}

// An operation as a stream of progress, or a refusal.
class StreamedOperation : public OperationObserver {
 public:
  explicit StreamedOperation(Respond respond) : respond_(std::move(respond)) {}

  void refused(const session::Refusal& why) override { respond_(refusal_of(why)); }
  void begun(const std::vector<lab::Finding>& /*warnings*/) override {
    respond_({.stream = stream_});
  }
  void progressed(const control::Progress& progress) override {
    stream_->write(control::dump(control::to_json(progress)));
  }
  void ended(const control::PassResult& result) override {
    stream_->write(control::dump(control::to_json(result)));
    stream_->finish();
  }

 private:
  Respond respond_;
  std::shared_ptr<LineStream> stream_ = std::make_shared<LineStream>();
};

// What the platform sends does not wait for the app to run.
HttpResponse context(const Startups& startups, Queries& queries, const std::string& name,
                     const HttpRequest& request) {
  const auto sender = parse_sender(name, request);
  if (!sender.ok()) return refusal_of(sender.error());
  const auto force = control::parse_flag(request.query, "force");
  if (!force.ok()) return refusal_of(force.error());
  const auto startup = startups.startup_of(*sender);
  if (!startup.ok()) return refusal_of(startup.error());
  const auto why_not = inspect::not_running(*startup);
  if (why_not && !*force && sender->traffic == lab::TrafficClass::kApplication) {
    return {.status = MHD_HTTP_CONFLICT,
            .body = control::dump(control::error_json(why_not->code, why_not->message))};
  }
  return answer_of(queries.context(*sender, inspect::resolved_settings(startup->report)));
}

// The status tells those who read no bodies.
HttpResponse health(const Queries& queries) {
  const control::Health health = queries.health();
  HttpResponse response = document(control::to_json(health));
  if (health.state == control::Health::State::kDegraded) {
    response.status = MHD_HTTP_SERVICE_UNAVAILABLE;
  }
  return response;
}

HttpResponse get(const Startups& startups, Queries& queries, const HttpRequest& request) {
  const std::string& path = request.path;
  if (path == "/v1/version") {
    return document({{"version", EGRESS_VERSION}, {"api", control::kApiVersion}});
  }
  if (path == "/v1/health") return health(queries);
  if (path == "/v1/clock") return document(control::to_json(queries.clock()));
  if (path == "/v1/lab") return answer_of(queries.lab());
  if (path == "/v1/effective-routes") {
    return answer_of(queries.effective_routes(argument(request, "site")));
  }
  if (path == "/v1/effective-rules") {
    return answer_of(queries.effective_rules(argument(request, "site")));
  }
  if (path == "/v1/ip-flow-verify") {
    const auto asked = control::parse_ip_flow_request(request.query);
    return asked.ok() ? answer_of(queries.ip_flow_verify(*asked)) : refusal_of(asked.error());
  }
  if (path == "/v1/next-hop") {
    const auto asked = control::parse_next_hop_request(request.query);
    return asked.ok() ? answer_of(queries.next_hop(*asked)) : refusal_of(asked.error());
  }
  if (path == "/v1/leases") return answer_of(queries.leases(argument(request, "subnet")));
  if (path == "/v1/authority") {
    const auto certificate = queries.authority();
    if (!certificate.ok()) return refusal_of(certificate.error());
    return document({{"certificate", *certificate}});
  }
  if (path == "/v1/graph") return answer_of(queries.graph());
  if (const auto name = between(path, "/v1/apps/", "/context")) {
    return context(startups, queries, *name, request);
  }
  if (const auto name = between(path, "/v1/apps/", "/startup")) {
    const auto app = parse_app(*name);
    return app.ok() ? answer_of(startups.startup_of(*app)) : refusal_of(app.error());
  }
  if (const auto host = between(path, "/v1/hosts/", "/context")) {
    return answer_of(queries.context(*host));
  }
  return not_found(request);
}

control::Json with_warnings(control::Json json, const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) json["warnings"].push_back(warning);
  return json;
}

void explain(const Parts& parts, const HttpRequest& request, const Respond& respond) {
  const auto asked = control::parse_explain_request(request.body);
  if (!asked.ok()) return respond(refusal_of(asked.error()));
  if (!asked->verify) return parts.queries.explain(*asked, answering<policy::Explanation>(respond));
  parts.probing.verify(
      *asked, answering<Probing::Verified>(respond, [](const Probing::Verified& verified) {
        const auto& [explanation, observation, differences] = verified.seen;
        return with_warnings(control::to_json(explanation, observation, differences),
                             verified.warnings);
      }));
}

void resolve(const Parts& parts, const lab::Sender& app, const HttpRequest& request,
             const Respond& respond) {
  const auto asked = control::parse_resolve_request(app, request.query);
  if (!asked.ok()) return respond(refusal_of(asked.error()));
  if (!asked->verify) return parts.queries.resolve(*asked, answering<policy::Resolution>(respond));
  parts.probing.verify(*asked, answering<probe::NameVerified>(respond, [](const auto& verified) {
    return control::to_json(verified.expected, verified.seen, verified.differences);
  }));
}

HttpResponse watch(FlowWatch& flow_watch, const HttpRequest& request) {
  const auto asked = control::parse_watch_request(request.query);
  if (!asked.ok()) return refusal_of(asked.error());
  auto stream = flow_watch.watch(*asked);
  const auto* refused = std::get_if<session::Refusal>(&stream);
  if (refused == nullptr) return {.stream = std::get<std::shared_ptr<LineStream>>(stream)};
  if (refused->error.code != Errc::kBusy) return refusal_of(*refused);
  return refusal(MHD_HTTP_SERVICE_UNAVAILABLE, refused->error.message);
}

// What is answered later, or false.
bool get_later(const Parts& parts, const HttpRequest& request, const Respond& respond) {
  if (request.path == "/v1/status") {
    parts.queries.status(answering<inspect::StatusReport>(respond));
    return true;
  }
  if (request.path == "/v1/metrics") {
    parts.queries.status([respond](const OrRefusal<inspect::StatusReport>& answer) {
      const auto* refused = std::get_if<session::Refusal>(&answer);
      if (refused != nullptr) return respond(refusal_of(*refused));
      respond({.body = metrics_of(std::get<inspect::StatusReport>(answer)), .type = kMetricsType});
    });
    return true;
  }
  if (request.path == "/v1/wires") {
    parts.queries.wires(answering<settings::WireReport>(respond));
    return true;
  }
  if (request.path == "/v1/watch") {
    respond(watch(parts.flow_watch, request));
    return true;
  }
  if (request.path == "/v1/dependencies") {
    const auto app = control::parse_app(request.query);
    if (app.ok()) {
      parts.queries.dependencies(*app, answering<std::vector<inspect::Dependency>>(respond));
    } else {
      respond(refusal_of(app.error()));
    }
    return true;
  }
  if (const auto host = between(request.path, "/v1/hosts/", "/resolve")) {
    resolve(parts, {.host = *host}, request, respond);
    return true;
  }
  const auto name = between(request.path, "/v1/apps/", "/resolve");
  if (!name) return false;
  const auto app = parse_app(*name);
  if (app.ok()) {
    resolve(parts, *app, request, respond);
  } else {
    respond(refusal_of(app.error()));
  }
  return true;
}

void advance_clock(Operations& operations, const HttpRequest& request, const Respond& respond) {
  const auto asked = control::parse_advance_request(request.body);
  if (!asked.ok()) return respond(refusal_of(asked.error()));
  operations.advance_clock(asked->by, answering<control::ClockAdvance>(respond));
}

void hold(Operations& operations, const HttpRequest& request, const Respond& respond) {
  const auto asked = control::parse_hold_request(request.body);
  if (!asked.ok()) return respond(refusal_of(asked.error()));
  if (asked->duration) {
    operations.hold(*asked->duration);
  } else {
    operations.release();
  }
  respond(document(control::to_json(*asked)));
}

// Its end is told when all that follows from it has come about.
Operations::Observer streamed(const Parts& parts, const Respond& respond) {
  return parts.startups.awaiting(
      parts.scaling.awaiting(std::make_shared<StreamedOperation>(respond)));
}

void operate(const Parts& parts, const HttpRequest& request, const Respond& respond) {
  const auto asked = control::parse_operation_request(request.body);
  if (!asked.ok()) return respond(refusal_of(asked.error()));
  parts.operations.operate(asked->operation, streamed(parts, respond));
}

void use_traffic(Operations& operations, const std::string& site, const HttpRequest& request,
                 const Respond& respond) {
  const auto asked = control::parse_traffic_request(request.body);
  if (!asked.ok()) return respond(refusal_of(asked.error()));
  operations.use_traffic(site, asked->traffic, std::make_shared<StreamedOperation>(respond));
}

// "PLAN" or "PLAN/INSTANCE".
Result<WireSelection> parse_wires(const std::string& text) {
  const size_t slash = text.find('/');
  WireSelection which{.server_farm = text.substr(0, slash)};
  if (slash == std::string::npos) return which;
  which.instance = parse_number<int>(std::string_view(text).substr(slash + 1));
  if (which.instance.value_or(-1) >= 0) return which;
  return Error{.code = Errc::kInvalid,
               .message = fmt::format("'{}' is not of the form PLAN or PLAN/INSTANCE", text)};
}

void impose(const Parts& parts, const std::string& name, const HttpRequest& request,
            const Respond& respond) {
  const auto which = parse_wires(name);
  if (!which.ok()) return respond(refusal_of(which.error()));
  const auto asked = control::parse_impose_request(request.body);
  if (!asked.ok()) return respond(refusal_of(asked.error()));
  parts.operations.impose(*which, *asked, std::make_shared<StreamedOperation>(respond));
}

void step(const Parts& parts, const std::string& name, const HttpRequest& request,
          const Respond& respond) {
  const auto which = parse_wires(name);
  if (!which.ok()) return respond(refusal_of(which.error()));
  const auto asked = control::parse_step_request(request.body);
  if (!asked.ok()) return respond(refusal_of(asked.error()));
  parts.queries.step(*which, asked->packets, answering<settings::StepsTaken>(respond));
}

void post(const Parts& parts, const HttpRequest& request, const Respond& respond) {
  auto& [operations, startups, scaling, queries, probing, flow_watch] = parts;
  const std::string& path = request.path;
  if (path == "/v1/explain") return explain(parts, request, respond);
  if (path == "/v1/clock") return advance_clock(operations, request, respond);
  if (path == "/v1/hold") return hold(operations, request, respond);
  if (path == "/v1/operations") return operate(parts, request, respond);
  if (path == "/v1/down") return operations.down(std::make_shared<StreamedOperation>(respond));
  if (const auto site = between(path, "/v1/sites/", "/restart")) {
    return operations.restart(*site,
                              startups.awaiting(std::make_shared<StreamedOperation>(respond)));
  }
  if (const auto site = between(path, "/v1/sites/", "/backup")) {
    return startups.back_up(*site, std::make_shared<StreamedOperation>(respond));
  }
  if (const auto site = between(path, "/v1/sites/", "/traffic")) {
    return use_traffic(operations, *site, request, respond);
  }
  if (const auto wires = between(path, "/v1/wires/", "/step")) {
    return step(parts, *wires, request, respond);
  }
  if (const auto wires = between(path, "/v1/wires/", "")) {
    return impose(parts, *wires, request, respond);
  }
  if (path != "/v1/plan" && path != "/v1/apply" && path != "/v1/test") {
    return respond(not_found(request));
  }
  auto lab = control::parse_lab_text(request.body);
  if (!lab.ok()) return respond(refusal_of(lab.error()));
  if (path == "/v1/plan") {
    return queries.plan(std::move(*lab), answering<control::Plan>(respond));
  }
  if (path == "/v1/test") {
    return probing.test(std::move(*lab),
                        answering<Probing::Tested>(respond, [](const Probing::Tested& tested) {
                          return with_warnings(control::to_json(tested.results), tested.warnings);
                        }));
  }
  operations.apply(std::move(*lab), streamed(parts, respond));
}

// Who does not say which API it speaks is no egressctl.
bool speaks_our_api(const HttpRequest& request) {
  const auto said = request.headers.find(control::kApiHeader);
  return said == request.headers.end() || said->second == std::to_string(control::kApiVersion);
}

}  // namespace

void handle(const Parts& parts, const HttpRequest& request, const Respond& respond) {
  if (!speaks_our_api(request)) {
    return respond(
        refusal(MHD_HTTP_BAD_REQUEST, fmt::format("this is egressd {}, which speaks API {} alone",
                                                  EGRESS_VERSION, control::kApiVersion)));
  }
  if (request.method == MHD_HTTP_METHOD_GET) {
    if (get_later(parts, request, respond)) return;
    return respond(get(parts.startups, parts.queries, request));
  }
  if (request.method == MHD_HTTP_METHOD_POST) {
    return post(parts, request, respond);
  }
  respond(refusal(MHD_HTTP_METHOD_NOT_ALLOWED, "methods are GET and POST"));
}

}  // namespace egress::daemon
