// SPDX-License-Identifier: MIT
#include "egressd/http_server.hpp"

#include <gmock/gmock.h>
#include <poll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <future>
#include <new>
#include <optional>
#include <set>

#include "egressd/socket.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/unix_socket.hpp"
#include "tests/unit/egressd/http_client.hpp"

namespace egress::daemon {
namespace {

using testing_support::connect_and_say;

constexpr size_t kLimit = 1000;

bool ended(const UniqueFd& client) {
  pollfd asked{.fd = client.get(), .events = POLLIN, .revents = 0};
  return ::poll(&asked, 1, 0) == 1 && (asked.revents & POLLHUP) != 0;
}

std::set<int> open_sockets() {
  std::set<int> open;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    if (std::filesystem::is_socket(entry.path())) {
      open.insert(std::stoi(entry.path().filename()));
    }
  }
  return open;
}

const std::string kHalfARequest = "POST / HTTP/1.1\r\nHost: e\r\nContent-Length: 900\r\n\r\n{";

// A server on this thread's loop; clients run on threads of their own.
class HttpServerTest : public ::testing::Test {
 protected:
  void start_answering(std::function<HttpResponse(const HttpRequest&)> answer) {
    start([answer = std::move(answer)](const HttpRequest& request, const Respond& respond) {
      respond(answer(request));
    });
  }
  void start(HttpHandler handler) {
    socket_.emplace(SocketFile::listen(path()).value());
    server_ = HttpServer::start(loop_, {}, socket_->take_fd(), limits_, {{"x-test", "yes"}},
                                std::move(handler),
                                [](unsigned status, const std::string& why) {
                                  return HttpResponse{.status = status, .body = why};
                                })
                  .value();
  }

  // Asks from another thread.
  std::future<Reply> ask(Call call) {
    return std::async(std::launch::async,
                      [this, call = std::move(call)] { return send(path(), call); });
  }
  Reply finish(std::future<Reply>& reply) {
    EXPECT_TRUE(loop_until(
        [&] { return reply.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }));
    return reply.get();
  }
  Reply exchange(const Call& call) {
    std::future<Reply> reply = ask(call);
    return finish(reply);
  }
  // Returns with the first bytes of the answer.
  std::future<Reply> begin(const std::string& target) {
    const auto begun = std::make_shared<std::atomic<bool>>(false);
    std::future<Reply> reply =
        ask({.path = target, .on_data = [begun](const std::string&) { return *begun = true; }});
    EXPECT_TRUE(loop_until([&] { return begun->load(); }));
    return reply;
  }

  // Turns the loop until `condition` holds; false when it never does.
  [[nodiscard]] bool loop_until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + testing_support::kHang;
    uv::Timer tick(loop_, [] {});
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      tick.start(std::chrono::milliseconds(1));
      uv_run(loop_.get(), UV_RUN_ONCE);
    }
    return true;
  }

  std::string path() const { return folder_ / "s"; }

  HttpLimits limits_{.body = kLimit,
                     .bodies = 2 * kLimit,
                     .connections = {.most = 8, .patience = std::chrono::minutes(10)}};
  testing_support::Folder folder_{};
  uv::Loop loop_{};
  std::optional<SocketFile> socket_{};
  std::unique_ptr<HttpServer> server_{};
};

TEST_F(HttpServerTest, GivesTheHandlerTheWholeRequest) {
  HttpRequest seen;
  start_answering([&](const HttpRequest& request) {
    seen = request;
    return HttpResponse{.status = 201, .body = "answer"};
  });
  const Reply reply = exchange(
      {.method = "POST", .path = "/v1/x%20y?a=1&b=c%2Fd", .body = std::string(kLimit, 'b')});
  EXPECT_EQ(reply.status, 201);
  EXPECT_EQ(reply.body, "answer");
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.path, "/v1/x y");
  EXPECT_EQ(seen.query, (std::map<std::string, std::string>{{"a", "1"}, {"b", "c/d"}}));
  EXPECT_EQ(seen.body, std::string(kLimit, 'b'));
}

TEST_F(HttpServerTest, RefusesBodiesAboveTheLimitWithoutAskingTheHandler) {
  bool asked = false;
  start_answering([&](const HttpRequest&) {
    asked = true;
    return HttpResponse{};
  });
  for (const bool announce : {true, false}) {
    const Reply reply = exchange({.method = "POST",
                                  .path = "/",
                                  .body = std::string(kLimit + 1, 'b'),
                                  .announce_length = announce});
    EXPECT_EQ(reply.status, 413) << announce;
  }
  EXPECT_FALSE(asked);
}

TEST_F(HttpServerTest, SendsLinesOfAStreamAsTheyAreWritten) {
  const auto stream = std::make_shared<LineStream>();
  start_answering([&](const HttpRequest&) { return HttpResponse{.stream = stream}; });
  std::atomic<int> lines{0};
  const Call call{.path = "/", .on_data = [&](const std::string& body) {
                    lines = static_cast<int>(std::count(body.begin(), body.end(), '\n'));
                    return true;
                  }};
  std::future<Reply> reply = ask(call);
  for (int line = 1; line <= 3; ++line) {
    stream->write("line");
    EXPECT_TRUE(loop_until([&] { return lines >= line; }));
  }
  stream->write("last");
  stream->finish();
  EXPECT_EQ(finish(reply).body, "line\nline\nline\nlast\n");
}

TEST_F(HttpServerTest, ServesOthersWhileAStreamWaits) {
  const auto stream = std::make_shared<LineStream>();
  start_answering([&](const HttpRequest& request) {
    if (request.path == "/stream") return HttpResponse{.stream = stream};
    return HttpResponse{.body = "here"};
  });
  stream->write("begun");
  std::future<Reply> waiting = begin("/stream");
  EXPECT_EQ(exchange({.path = "/other"}).body, "here");
  stream->finish();
  finish(waiting);
}

TEST_F(HttpServerTest, SurvivesAClientThatLeavesItsStream) {
  const auto stream = std::make_shared<LineStream>();
  start_answering([&](const HttpRequest& request) {
    if (request.path == "/stream") return HttpResponse{.stream = stream};
    return HttpResponse{.body = "here"};
  });
  stream->write("begun");
  exchange({.path = "/stream", .on_data = [](const std::string&) { return false; }});
  for (int i = 0; i < 100; ++i) stream->write("into the void");
  EXPECT_EQ(exchange({.path = "/other"}).body, "here");
}

TEST_F(HttpServerTest, EndsWaitingStreamsWhenItStops) {
  const auto stream = std::make_shared<LineStream>();
  start_answering([&](const HttpRequest&) { return HttpResponse{.stream = stream}; });
  stream->write("begun");
  std::future<Reply> reply = begin("/");
  server_.reset();
  EXPECT_EQ(reply.get().body, "begun\n");
  stream->write("too late");
}

TEST_F(HttpServerTest, KeepsItsDescriptorsOutOfTheNumbersOfSelect) {
  start_answering([](const HttpRequest&) { return HttpResponse{}; });
  const std::set<int> before = open_sockets();
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 4; ++i) clients.push_back(connect_and_say(path(), kHalfARequest));
  std::set<int> own;
  for (const UniqueFd& client : clients) own.insert(client.get());
  std::set<int> high;
  EXPECT_TRUE(loop_until([&] {
    for (const int fd : open_sockets()) {
      if (fd >= FD_SETSIZE) high.insert(fd);
    }
    return high.size() >= clients.size() + 1;  // and the listener
  }));
  EXPECT_EQ(exchange({.path = "/"}).status, 200);
  for (const int fd : open_sockets()) {
    const bool of_the_server = before.count(fd) == 0 && own.count(fd) == 0;
    EXPECT_TRUE(!of_the_server || fd >= FD_SETSIZE) << fd;
  }
}

TEST_F(HttpServerTest, ServesNewcomersHoweverManyConnectAndSayNothing) {
  start_answering([](const HttpRequest&) { return HttpResponse{.body = "here"}; });
  std::vector<UniqueFd> clients;
  for (size_t i = 0; i < 5 * limits_.connections.most; ++i) {
    clients.push_back(connect_and_say(path(), i % 2 == 0 ? "" : kHalfARequest));
  }
  EXPECT_EQ(exchange({.path = "/"}).body, "here");
  EXPECT_TRUE(ended(clients.front()));
}

TEST_F(HttpServerTest, NeverCutsOffAStreamForThoseWhoSayNothing) {
  const auto stream = std::make_shared<LineStream>();
  limits_.connections.patience = std::chrono::milliseconds(30);
  start_answering([&](const HttpRequest&) { return HttpResponse{.stream = stream}; });
  stream->write("begun");
  std::future<Reply> reply = begin("/");
  std::vector<UniqueFd> clients;
  for (size_t i = 0; i < 3 * limits_.connections.most; ++i) {
    clients.push_back(connect_and_say(path(), kHalfARequest));
  }
  // More than the patience has gone by for all of these.
  EXPECT_TRUE(loop_until([&] { return std::all_of(clients.begin(), clients.end(), ended); }));
  stream->write("last");
  stream->finish();
  EXPECT_EQ(finish(reply).body, "begun\nlast\n");
}

TEST_F(HttpServerTest, CutsOffWhoDoesNotFinishARequest) {
  limits_.connections.patience = std::chrono::milliseconds(30);
  start_answering([](const HttpRequest&) { return HttpResponse{}; });
  const UniqueFd silent = connect_and_say(path(), "");
  const UniqueFd slow = connect_and_say(path(), kHalfARequest);
  EXPECT_TRUE(loop_until([&] {
    // A byte now and then does not help; the last one may meet the end.
    ::send(slow.get(), "x", 1, MSG_NOSIGNAL);
    return ended(silent) && ended(slow);
  }));
}

TEST_F(HttpServerTest, NoticesARequestWhoseSenderHasLeftInTheMiddle) {
  limits_.connections.patience = std::chrono::seconds(10);
  start_answering([](const HttpRequest&) { return HttpResponse{}; });
  for (const std::string& said : {std::string("POST / HT"), kHalfARequest}) {
    const UniqueFd client = connect_and_say(path(), said);
    ::shutdown(client.get(), SHUT_WR);
    EXPECT_TRUE(loop_until([&] { return ended(client); }));
  }
}

TEST_F(HttpServerTest, HoldsAllUnfinishedBodiesTogetherToALimit) {
  start_answering([](const HttpRequest& request) { return HttpResponse{.body = request.body}; });
  const std::string unfinished =
      "POST / HTTP/1.1\r\nHost: e\r\nContent-Length: 1000\r\n\r\n" + std::string(999, 'x');
  const Call call{.method = "POST", .path = "/", .body = std::string(900, 'y')};
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 2; ++i) clients.push_back(connect_and_say(path(), unfinished));
  // What an earlier attempt's turn of the loop had not read yet, the next one meets.
  EXPECT_TRUE(loop_until([&] { return exchange(call).status == 503; }));
  Call chunked = call;
  chunked.announce_length = false;
  EXPECT_EQ(exchange(chunked).status, 503);
  EXPECT_EQ(exchange({.path = "/"}).status, 200);
  clients.clear();
  EXPECT_TRUE(loop_until([&] { return exchange(call).status == 200; }));
}

TEST_F(HttpServerTest, AnswersARequestThatEndsInAnException) {
  start_answering([](const HttpRequest& request) -> HttpResponse {
    if (request.path == "/memory") throw std::bad_alloc();
    if (request.path == "/length") throw std::length_error("too long");
    return {.body = "here"};
  });
  const Reply memory = exchange({.path = "/memory"});
  EXPECT_EQ(memory.status, 500);
  EXPECT_EQ(memory.body, "there is not enough memory for this request");
  EXPECT_EQ(exchange({.path = "/length"}).status, 500);
  EXPECT_EQ(exchange({.path = "/"}).body, "here");
}

TEST_F(HttpServerTest, SendsAnAnswerThatComesLater) {
  Respond later;
  start([&](const HttpRequest& request, const Respond& respond) {
    if (request.path == "/later") {
      later = respond;
    } else {
      respond({.body = "now"});
    }
  });
  std::future<Reply> waiting = ask({.path = "/later"});
  EXPECT_TRUE(loop_until([&] { return later != nullptr; }));
  EXPECT_EQ(exchange({.path = "/now"}).body, "now") << "nobody else waits for it";
  later({.status = 201, .body = "then"});
  const Reply reply = finish(waiting);
  EXPECT_EQ(reply.status, 201);
  EXPECT_EQ(reply.body, "then");
}

TEST_F(HttpServerTest, SaysSoWhenAnAnswerIsGivenUp) {
  start([](const HttpRequest&, const Respond&) {});
  const Reply reply = exchange({.path = "/"});
  EXPECT_EQ(reply.status, 500);
  EXPECT_THAT(reply.body, ::testing::HasSubstr("memory"));
}

TEST_F(HttpServerTest, TakesAnAnswerForAClientThatHasLeft) {
  Respond later;
  start([&](const HttpRequest&, const Respond& respond) { later = respond; });
  {
    const UniqueFd client = connect_and_say(path(), "GET / HTTP/1.1\r\nHost: e\r\n\r\n");
    EXPECT_TRUE(loop_until([&] { return later != nullptr; }));
  }
  later({.body = std::string(100000, 'x')});
  const Respond old = std::exchange(later, nullptr);
  std::future<Reply> next = ask({.path = "/"});
  EXPECT_TRUE(loop_until([&] { return later != nullptr; }));
  old({.body = "twice"});
  later({.body = "for the next"});
  EXPECT_EQ(finish(next).body, "for the next");
}

TEST_F(HttpServerTest, TellsThoseWhoWaitForAnAnswerThatItEnds) {
  Respond later;
  start([&](const HttpRequest&, const Respond& respond) { later = respond; });
  std::future<Reply> waiting = ask({.path = "/"});
  EXPECT_TRUE(loop_until([&] { return later != nullptr; }));
  server_.reset();
  EXPECT_EQ(waiting.get().status, 503);
  later({.body = "too late"});
}

TEST_F(HttpServerTest, CountsBodiesUntilTheirAnswer) {
  std::vector<Respond> later;
  start([&](const HttpRequest& request, const Respond& respond) {
    if (request.method == "POST") {
      later.push_back(respond);
    } else {
      respond({});
    }
  });
  const Call large{.method = "POST", .path = "/", .body = std::string(kLimit, 'b')};
  std::vector<std::future<Reply>> waiting;
  for (size_t i = 0; i < 2; ++i) {
    waiting.push_back(ask(large));
  }
  EXPECT_TRUE(loop_until([&] { return later.size() == 2; }));
  EXPECT_EQ(exchange(large).status, 503) << "the two that wait have all the room";
  for (const Respond& respond : later) respond({.body = "done"});
  later.clear();
  for (std::future<Reply>& reply : waiting) EXPECT_EQ(finish(reply).status, 200);
  std::future<Reply> next = ask(large);
  EXPECT_TRUE(loop_until([&] { return later.size() == 1; }));
  later.front()({.body = "done"});
  EXPECT_EQ(finish(next).status, 200);
}

}  // namespace
}  // namespace egress::daemon
