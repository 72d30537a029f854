// SPDX-License-Identifier: MIT
#include "egressctl/client.hpp"

#include <fmt/format.h>

#include <cctype>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>

#include "control/json.hpp"
#include "egressctl/exchange.hpp"

namespace egress::ctl {

namespace {

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

Failure unreachable(const std::string& socket, const Exchange& done) {
  if (done.end != Exchange::End::kNotConnected) {
    return {.code = "connection",
            .message = fmt::format("{}: {}", socket, done.why),
            .hint = "the daemon's log says more: journalctl -u egressd"};
  }
  const int reason = done.os_errno;
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

Answer transfer(const Request& request) {
  Sink sink;
  const Exchange done = perform(request, sink);
  if (done.end != Exchange::End::kComplete) return unreachable(request.socket, done);
  return answer_of(done.status, sink.body);
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
  return transfer({.socket = socket_, .target = path});
}

Answer Client::post(const std::string& path, const Json& body) const {
  const std::string text = control::dump(body);
  return transfer({.socket = socket_, .target = path, .body = &text});
}

Answer Client::run(const std::string& path, const Json& body, const OnProgress& on_progress) const {
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
  const Exchange done = perform({.socket = socket_, .target = path, .body = &text}, sink);
  if (done.end != Exchange::End::kComplete && done.status == 0) return unreachable(socket_, done);
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
  const Exchange done =
      perform({.socket = socket_, .target = path, .at_most = duration, .is_over = is_over}, sink);
  const bool begun = done.status == kHttpOk;
  if (done.end == Exchange::End::kOver && (begun || is_over())) return Json();
  if (done.end != Exchange::End::kComplete && !begun) return unreachable(socket_, done);
  if (!begun) return answer_of(done.status, sink.body);
  if (failed) return *std::move(failed);
  return Failure{.code = "interrupted",
                 .message = "the daemon went away",
                 .hint = "see whether it runs again: egressctl status",
                 .reach = Reach::kDaemon};
}

}  // namespace egress::ctl
