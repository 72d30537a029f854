// SPDX-License-Identifier: MIT
#include "egressd/api.hpp"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "control/json.hpp"
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

}  // namespace

HttpResponse Api::handle(const HttpRequest& request) {
  if (request.method == MHD_HTTP_METHOD_GET) return get(request);
  if (request.method == MHD_HTTP_METHOD_POST) return post(request);
  return refusal(MHD_HTTP_METHOD_NOT_ALLOWED, "methods are GET and POST");
}

HttpResponse Api::get(const HttpRequest& request) {
  const std::string& path = request.path;
  if (path == "/v1/version") {
    return document({{"version", EGRESS_VERSION}, {"api", control::kApiVersion}});
  }
  if (path == "/v1/status") return queries_.status();
  if (path == "/v1/effective-routes") return queries_.effective_routes(argument(request, "site"));
  if (path == "/v1/effective-rules") return queries_.effective_rules(argument(request, "site"));
  if (path == "/v1/leases") return queries_.leases(argument(request, "subnet"));
  if (path == "/v1/graph") return queries_.graph();
  if (const auto name = between(path, "/v1/apps/", "/context")) {
    const auto app = parse_app(*name);
    return app.ok() ? queries_.context(*app) : refusal(app.error());
  }
  return not_found(request);
}

HttpResponse Api::post(const HttpRequest& request) {
  const std::string& path = request.path;
  if (path == "/v1/explain") {
    const auto asked = control::parse_explain_request(request.body);
    return asked.ok() ? queries_.explain(*asked) : refusal(asked.error());
  }
  if (path == "/v1/down") return operations_.down();
  if (const auto site = between(path, "/v1/sites/", "/restart")) return operations_.restart(*site);
  if (path != "/v1/plan" && path != "/v1/apply" && path != "/v1/test") return not_found(request);
  auto lab = control::parse_lab_text(request.body);
  if (!lab.ok()) return refusal(lab.error());
  if (path == "/v1/plan") return queries_.plan(std::move(*lab));
  if (path == "/v1/test") return queries_.test(std::move(*lab));
  return operations_.apply(std::move(*lab));
}

}  // namespace egress::daemon
