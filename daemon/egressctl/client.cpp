// SPDX-License-Identifier: MIT
#include "egressctl/client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>

#include "control/json.hpp"
#include "egressctl/exchange.hpp"

namespace egress::ctl {

namespace {

using End = Exchange::End;

constexpr int kHttpOk = 200;

// What an exchange delivers: a body, of which complete lines go to `on_line` when there is one.
struct Sink {
  std::function<void(const std::string& line)> on_line{};
  std::string body{};

  void take(int status, std::string_view part) {
    body.append(part);
    if (!on_line || status != kHttpOk) return;
    size_t begin = 0;
    for (size_t end = body.find('\n'); end != std::string::npos; end = body.find('\n', begin)) {
      on_line(body.substr(begin, end - begin));
      begin = end + 1;
    }
    body.erase(0, begin);
  }
};

Exchange perform(const Request& request, Sink& sink) {
  return exchange(request, [&](int status, std::string_view part) { sink.take(status, part); });
}

Failure unreachable(const std::string& socket, int reason) {
  if (reason == EACCES || reason == EPERM) {
    return {.code = "denied",
            .message = fmt::format("may not connect to {}", socket),
            .hint = "run as root or as a member of the group that owns the socket"};
  }
  return {.code = "daemon-unreachable",
          .message = fmt::format("no egressd answers at {}{}{}", socket, reason == 0 ? "" : ": ",
                                 reason == 0 ? "" : strerrordesc_np(reason)),
          .hint =
              "start it with 'systemctl start egressd' or 'egressd --config FILE', or name its "
              "socket with --socket"};
}

bool is_unreserved(char letter) {
  return std::isalnum(static_cast<unsigned char>(letter)) != 0 ||
         std::string_view("-._~").find(letter) != std::string_view::npos;
}

}  // namespace

// RFC 3986, section 2.1.
std::string escaped(const std::string& text) {
  std::string result;
  for (const char letter : text) {
    if (is_unreserved(letter)) {
      result += letter;
    } else {
      result += fmt::format("%{:02X}", static_cast<unsigned char>(letter));
    }
  }
  return result;
}

std::string with_query(const std::string& path, const control::Parameters& parameters) {
  std::string text = path;
  char before = '?';
  for (const auto& [name, value] : parameters) {
    text += before + name + "=" + escaped(value);
    before = '&';
  }
  return text;
}

Answer answer_of(int status, const std::string& body) {
  Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) {
    return Failure{.code = "protocol",
                   .message = fmt::format("the daemon's answer (status {}) is not JSON", status),
                   .hint = "egressctl and egressd should be of one version"};
  }
  const Json& error = member(json, "error");
  if (status == kHttpOk && error.is_null()) return json;
  Failure failure{.code = text_of(error, "code"),
                  .message = text_of(error, "message"),
                  .findings = list_of(error, "findings"),
                  .reach = Reach::kDaemon};
  if (failure.code.empty()) failure.code = "protocol";
  if (failure.message.empty()) failure.message = fmt::format("HTTP status {}", status);
  return failure;
}

Answer Client::get(const std::string& path) const {
  return ask(request_to(path));
}

Answer Client::post(const std::string& path, const Json& body) const {
  const std::string text = control::dump(body);
  return ask(request_to(path, &text));
}

Answer Client::ask(const Request& request) const {
  Sink sink;
  const Exchange done = perform(request, sink);
  return done.end == End::kComplete ? answer_of(done.status, sink.body) : no_answer(request, done);
}

Answer Client::run(const std::string& path, const Json& body, const OnProgress& on_progress,
                   const IsOver& is_over) const {
  std::optional<Answer> last;
  Sink sink;
  sink.on_line = [&](const std::string& line) {
    Answer answer = answer_of(kHttpOk, line);
    const Json* json = std::get_if<Json>(&answer);
    if (json != nullptr && json->contains("progress")) {
      on_progress(member(*json, "progress"));
    } else if (json != nullptr && json->contains("result")) {
      last = member(*json, "result");
    } else if (json == nullptr) {
      last = std::move(answer);
    }
  };
  const std::string text = control::dump(body);
  Request request = request_to(path, &text);
  request.is_over = is_over;
  const Exchange done = perform(request, sink);
  if (done.end == End::kOver || done.end == End::kTimedOut || done.end == End::kOtherApi) {
    return no_answer(request, done);
  }
  if (done.end != End::kComplete && done.status == 0) return no_answer(request, done);
  if (done.status != kHttpOk) return answer_of(done.status, sink.body);
  if (!last) {
    return Failure{.code = "interrupted",
                   .message = "the daemon went away before it was finished",
                   .hint = "see how far it came: egressctl status",
                   .reach = Reach::kKernel};
  }
  if (Failure* failure = std::get_if<Failure>(&*last)) failure->reach = Reach::kKernel;
  return *std::move(last);
}

Request Client::request_to(const std::string& path, const std::string* body) const {
  Request request{.socket = socket_, .target = path, .body = body};
  request.on_silence = patience_.on_silence;
  if (patience_.timeout) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline() - Clock::now());
    request.at_most = std::max(left, std::chrono::milliseconds(1));
  }
  return request;
}

Client::Clock::time_point Client::deadline() const {
  return patience_.timeout ? begun_ + *patience_.timeout : Clock::time_point::max();
}

// What had begun goes on in the daemon, whoever has left.
Failure Client::no_answer(const Request& request, const Exchange& done) const {
  const bool begun = done.status == kHttpOk;
  const auto waited =
      patience_.timeout.value_or(std::chrono::ceil<std::chrono::seconds>(request.at_most));
  switch (done.end) {
    case End::kOtherApi:
      return {.code = "version",
              .message = done.why,
              .hint = "egressctl and egressd should be of one version: restart the daemon"};
    case End::kTimedOut:
      return {.code = "timeout",
              .message = fmt::format("{} {} within {} s", socket_,
                                     begun ? "was not finished" : "gave no answer", waited.count()),
              .hint = begun ? "the daemon goes on with it: egressctl status"
                            : "see what it does: journalctl -u egressd"};
    case End::kOver:
      return {.code = "cancelled",
              .message = begun ? "the daemon goes on with it" : "left before there was an answer",
              .hint = "see how far it is: egressctl status"};
    case End::kNotConnected: return unreachable(socket_, done.os_errno);
    case End::kComplete:
    case End::kBroken: break;
  }
  return {.code = "connection",
          .message = fmt::format("{}: {}", socket_, done.why),
          .hint = "the daemon's log says more: journalctl -u egressd"};
}

Answer Client::follow(const std::string& path, std::chrono::seconds duration, const OnLine& on_line,
                      const IsOver& is_over) const {
  Sink sink;
  std::optional<Failure> failed;
  sink.on_line = [&](const std::string& line) {
    Answer answer = answer_of(kHttpOk, line);
    if (const Json* json = std::get_if<Json>(&answer)) {
      on_line(*json);
    } else {
      failed = std::get<Failure>(std::move(answer));
    }
  };
  Request request = request_to(path);
  const std::chrono::milliseconds long_enough = duration;
  const bool ends_by_itself =
      duration.count() != 0 && (request.at_most.count() == 0 || long_enough <= request.at_most);
  if (ends_by_itself) request.at_most = long_enough;
  request.is_over = is_over;
  const Exchange done = perform(request, sink);
  const bool begun = done.status == kHttpOk;
  if (done.end == End::kOver) return Json();
  if (done.end == End::kTimedOut && begun && ends_by_itself) return Json();
  const bool unread = done.end == End::kTimedOut || done.end == End::kOtherApi;
  if (unread || (done.end != End::kComplete && !begun)) return no_answer(request, done);
  if (!begun) return answer_of(done.status, sink.body);
  if (failed) return *std::move(failed);
  return Failure{.code = "interrupted",
                 .message = "the daemon went away",
                 .hint = "see whether it runs again: egressctl status",
                 .reach = Reach::kDaemon};
}

}  // namespace egress::ctl
