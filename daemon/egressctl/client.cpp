// SPDX-License-Identifier: MIT
#include "egressctl/client.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

#include "control/json.hpp"

namespace egress::ctl {

namespace {

constexpr long kConnectSeconds = 5;
constexpr long kHttpOk = 200;

struct CloseCurl {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};
using CurlPtr = std::unique_ptr<CURL, CloseCurl>;

struct FreeHeaders {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

// What a transfer delivers: a body, of which complete lines go to `on_line` when there is one.
struct Sink {
  CURL* curl = nullptr;
  std::function<void(const std::string& line)> on_line{};
  std::string body{};

  void take(const char* data, size_t size) {
    body.append(data, size);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (!on_line || status != kHttpOk) return;
    size_t begin = 0;
    for (size_t end = body.find('\n'); end != std::string::npos; end = body.find('\n', begin)) {
      on_line(body.substr(begin, end - begin));
      begin = end + 1;
    }
    body.erase(0, begin);
  }
};

size_t write_to_sink(char* data, size_t size, size_t count, void* sink) {
  static_cast<Sink*>(sink)->take(data, size * count);
  return size * count;
}

int ask_whether_over(void* is_over, curl_off_t /*down*/, curl_off_t /*down_now*/, curl_off_t /*up*/,
                     curl_off_t /*up_now*/) {
  return (*static_cast<const IsOver*>(is_over))() ? 1 : 0;
}

struct Transfer {
  CURLcode code = CURLE_OK;
  long status = 0;
  long os_errno = 0;
};

Transfer perform(CURL* curl, const std::string& socket, const std::string& path,
                 const std::string* body, Sink& sink) {
  sink.curl = curl;
  const std::string url = "http://egressd" + path;
  // No "Expect: 100-continue": there is no round trip to save on a local socket.
  std::unique_ptr<curl_slist, FreeHeaders> headers(curl_slist_append(nullptr, "Expect:"));
  curl_slist_append(headers.get(), "Content-Type: application/json");
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
  curl_easy_setopt(curl, CURLOPT_PROXY, "");  // whatever http_proxy says
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, write_to_sink);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &sink);
  if (body != nullptr) {
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body->c_str());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body->size()));
  }
  Transfer transfer{.code = curl_easy_perform(curl)};
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &transfer.status);
  curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &transfer.os_errno);
  return transfer;
}

Failure unreachable(const std::string& socket, const Transfer& transfer) {
  if (transfer.code != CURLE_COULDNT_CONNECT) {
    return {.code = "connection",
            .message = fmt::format("{}: {}", socket, curl_easy_strerror(transfer.code)),
            .hint = "the daemon's log says more: journalctl -u egressd"};
  }
  const auto reason = static_cast<int>(transfer.os_errno);
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

Answer transfer(const std::string& socket, const std::string& path, const std::string* body) {
  const CurlPtr curl(curl_easy_init());
  if (curl == nullptr) return Failure{.code = "bug", .message = "libcurl does not start"};
  Sink sink;
  const Transfer done = perform(curl.get(), socket, path, body, sink);
  if (done.code != CURLE_OK) return unreachable(socket, done);
  return answer_of(done.status, sink.body);
}

}  // namespace

std::string escaped(const std::string& text) {
  char* made = curl_easy_escape(nullptr, text.c_str(), static_cast<int>(text.size()));
  if (made == nullptr) return text;
  std::string result(made);
  curl_free(made);
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

Answer answer_of(long status, const std::string& body) {
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
  return transfer(socket_, path, nullptr);
}

Answer Client::post(const std::string& path, const Json& body) const {
  const std::string text = control::dump(body);
  return transfer(socket_, path, &text);
}

Answer Client::run(const std::string& path, const Json& body, const OnProgress& on_progress) const {
  const CurlPtr curl(curl_easy_init());
  if (curl == nullptr) return Failure{.code = "bug", .message = "libcurl does not start"};
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
  const Transfer done = perform(curl.get(), socket_, path, &text, sink);
  if (done.code != CURLE_OK && done.status == 0) return unreachable(socket_, done);
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
  const CurlPtr curl(curl_easy_init());
  if (curl == nullptr) return Failure{.code = "bug", .message = "libcurl does not start"};
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
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS,
                   static_cast<long>(std::chrono::milliseconds(duration).count()));
  curl_easy_setopt(curl.get(), CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl.get(), CURLOPT_XFERINFOFUNCTION, ask_whether_over);
  curl_easy_setopt(curl.get(), CURLOPT_XFERINFODATA, &is_over);
  const Transfer done = perform(curl.get(), socket_, path, nullptr, sink);
  const bool begun = done.status == kHttpOk;
  const bool over =
      done.code == CURLE_ABORTED_BY_CALLBACK || (begun && done.code == CURLE_OPERATION_TIMEDOUT);
  if (over) return Json();
  if (done.code != CURLE_OK && !begun) return unreachable(socket_, done);
  if (!begun) return answer_of(done.status, sink.body);
  if (failed) return *std::move(failed);
  return Failure{.code = "interrupted",
                 .message = "the daemon went away",
                 .hint = "see whether it runs again: egressctl status",
                 .reach = Reach::kDaemon};
}

}  // namespace egress::ctl
