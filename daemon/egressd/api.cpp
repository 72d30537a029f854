// SPDX-License-Identifier: MIT
#include "egressd/api.hpp"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <variant>

#include "control/effective_json.hpp"
#include "control/messages.hpp"
#include "egressd/responses.hpp"

namespace egress::daemon {

namespace {

std::string argument(const HttpRequest& request, const char* name) {
  const auto found = request.query.find(name);
  return found == request.query.end() ? std::string() : found->second;
}

// The parts between `head` and `tail`, when the path has that shape.
std::optional<std::string> between(const std::string& path, std::string_view head,
                                   std::string_view tail) {
  const std::string_view whole(path);
  if (whole.size() <= head.size() + tail.size() || whole.substr(0, head.size()) != head ||
      whole.substr(whole.size() - tail.size()) != tail) {
    return std::nullopt;
  }
  return std::string(whole.substr(head.size(), whole.size() - head.size() - tail.size()));
}

// "SITE/INSTANCE", both of them.
Result<lab::Sender> parse_app(const std::string& text) {
  if (text.find('/') != std::string::npos) return lab::Sender::parse(text);
  return Error{.code = Errc::kInvalid,
               .message = fmt::format("'{}' is not of the form SITE/INSTANCE", text)};
}

HttpResponse not_found(const HttpRequest& request) {
  return refusal(MHD_HTTP_NOT_FOUND, fmt::format("no {} {}", request.method, request.path));
}

template <typename T>
HttpResponse answer_of(const Result<T>& result) {
  return result.ok() ? document(control::to_json(*result)) : refusal(result.error());
}

// For what is answered later; `json` makes the document.
template <typename T, typename ToJson>
Then<T> answering(const Respond& respond, ToJson json) {
  return [respond, json](const std::variant<T, session::Refusal>& answer) {
    const auto* refused = std::get_if<session::Refusal>(&answer);
    respond(refused != nullptr ? refusal(refused->error, refused->findings)
                               : document(json(std::get<T>(answer))));
  };
}

template <typename T>
Then<T> answering(const Respond& respond) {
  return answering<T>(respond, [](const T& value) { return control::to_json(value); });
}

// An operation as a stream of progress, or a refusal.
class StreamedOperation : public OperationObserver {
 public:
  explicit StreamedOperation(Respond respond) : respond_(std::move(respond)) {}

  void refused(const session::Refusal& why) override { respond_(refusal(why.error, why.findings)); }
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

}  // namespace

void Api::handle(const HttpRequest& request, const Respond& respond) {
  if (request.method == MHD_HTTP_METHOD_GET) return respond(get(request));
  if (request.method == MHD_HTTP_METHOD_POST) return post(request, respond);
  respond(refusal(MHD_HTTP_METHOD_NOT_ALLOWED, "methods are GET and POST"));
}

HttpResponse Api::get(const HttpRequest& request) {
  const std::string& path = request.path;
  if (path == "/v1/version") {
    return document({{"version", EGRESS_VERSION}, {"api", control::kApiVersion}});
  }
  if (path == "/v1/status") return document(control::to_json(queries_.status()));
  if (path == "/v1/effective-routes") {
    return answer_of(queries_.effective_routes(argument(request, "site")));
  }
  if (path == "/v1/effective-rules") {
    return answer_of(queries_.effective_rules(argument(request, "site")));
  }
  if (path == "/v1/leases") {
    const auto leases = queries_.leases(argument(request, "subnet"));
    return leases.ok() ? document({{"leases", control::to_json(*leases)}})
                       : refusal(leases.error());
  }
  if (path == "/v1/graph") return answer_of(queries_.graph());
  if (const auto name = between(path, "/v1/apps/", "/context")) {
    const auto app = parse_app(*name);
    return app.ok() ? answer_of(queries_.context(*app)) : refusal(app.error());
  }
  return not_found(request);
}

void Api::post(const HttpRequest& request, const Respond& respond) {
  const std::string& path = request.path;
  if (path == "/v1/explain") return explain(request, respond);
  if (path == "/v1/down") return operations_.down(std::make_shared<StreamedOperation>(respond));
  if (const auto site = between(path, "/v1/sites/", "/restart")) {
    return operations_.restart(*site, std::make_shared<StreamedOperation>(respond));
  }
  if (path != "/v1/plan" && path != "/v1/apply" && path != "/v1/test") {
    return respond(not_found(request));
  }
  auto lab = control::parse_lab_text(request.body);
  if (!lab.ok()) return respond(refusal(lab.error()));
  if (path == "/v1/plan") {
    return queries_.plan(std::move(*lab), answering<control::Plan>(respond));
  }
  if (path == "/v1/test") {
    return queries_.test(std::move(*lab), answering<std::vector<inspect::TestResult>>(respond));
  }
  operations_.apply(std::move(*lab), std::make_shared<StreamedOperation>(respond));
}

void Api::explain(const HttpRequest& request, const Respond& respond) {
  const auto asked = control::parse_explain_request(request.body);
  if (!asked.ok()) return respond(refusal(asked.error()));
  if (!asked->verify) return respond(answer_of(queries_.explain(*asked)));
  queries_.verify(*asked, answering<probe::Verified>(respond, [](const probe::Verified& verified) {
    return control::to_json(verified.explanation, verified.observation, verified.differences);
  }));
}

}  // namespace egress::daemon
