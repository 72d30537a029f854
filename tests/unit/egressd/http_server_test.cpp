// SPDX-License-Identifier: MIT
#include "egressd/http_server.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <optional>

#include "egressd/socket.hpp"
#include "tests/unit/egressd/folder.hpp"
#include "tests/unit/egressd/http_client.hpp"

namespace egress::daemon {
namespace {

constexpr size_t kLimit = 1000;

// A server on this thread's loop; clients run on threads of their own.
class HttpServerTest : public ::testing::Test {
 protected:
  void start(HttpHandler handler) {
    socket_.emplace(SocketFile::listen(path()).value());
    server_ = HttpServer::start(loop_, socket_->take_fd(), kLimit, std::move(handler),
                                [](unsigned status, const std::string& why) {
                                  return HttpResponse{.status = status, .body = why};
                                })
                  .value();
  }

  Reply exchange(const Call& call) {
    std::future<Reply> reply = std::async(std::launch::async, [&] {
      const Reply got = send(path(), call);
      done_ = true;
      return got;
    });
    run_until([this] { return done_.load(); });
    done_ = false;
    return reply.get();
  }

  // Turns the loop until `condition` holds.
  void run_until(const std::function<bool()>& condition) {
    Timer tick(loop_, [] {});
    while (!condition()) {
      tick.start(std::chrono::milliseconds(1));
      uv_run(loop_.get(), UV_RUN_ONCE);
    }
  }

  std::string path() const { return folder_ / "s"; }

  Folder folder_{};
  Loop loop_{};
  std::optional<SocketFile> socket_{};
  std::unique_ptr<HttpServer> server_{};
  std::atomic<bool> done_{false};
};

TEST_F(HttpServerTest, GivesTheHandlerTheWholeRequest) {
  HttpRequest seen;
  start([&](const HttpRequest& request) {
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
  start([&](const HttpRequest&) {
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
  start([&](const HttpRequest&) { return HttpResponse{.stream = stream}; });
  std::atomic<int> lines{0};
  const Call call{.path = "/", .on_data = [&](const std::string& body) {
                    lines = static_cast<int>(std::count(body.begin(), body.end(), '\n'));
                    return true;
                  }};
  std::future<Reply> reply = std::async(std::launch::async, [&] { return send(path(), call); });
  for (int line = 1; line <= 3; ++line) {
    stream->write("line");
    run_until([&] { return lines >= line; });
  }
  stream->write("last");
  stream->finish();
  run_until([&] { return reply.wait_for(std::chrono::seconds(0)) == std::future_status::ready; });
  EXPECT_EQ(reply.get().body, "line\nline\nline\nlast\n");
}

TEST_F(HttpServerTest, ServesOthersWhileAStreamWaits) {
  const auto stream = std::make_shared<LineStream>();
  start([&](const HttpRequest& request) {
    if (request.path == "/stream") return HttpResponse{.stream = stream};
    return HttpResponse{.body = "here"};
  });
  stream->write("begun");
  std::atomic<bool> begun{false};
  const Call call{.path = "/stream", .on_data = [&](const std::string&) { return begun = true; }};
  std::future<Reply> waiting = std::async(std::launch::async, [&] { return send(path(), call); });
  run_until([&] { return begun.load(); });
  EXPECT_EQ(exchange({.path = "/other"}).body, "here");
  stream->finish();
  run_until([&] { return waiting.wait_for(std::chrono::seconds(0)) == std::future_status::ready; });
}

TEST_F(HttpServerTest, SurvivesAClientThatLeavesItsStream) {
  const auto stream = std::make_shared<LineStream>();
  start([&](const HttpRequest& request) {
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
  start([&](const HttpRequest&) { return HttpResponse{.stream = stream}; });
  stream->write("begun");
  std::atomic<bool> begun{false};
  const Call call{.path = "/", .on_data = [&](const std::string&) { return begun = true; }};
  std::future<Reply> reply = std::async(std::launch::async, [&] { return send(path(), call); });
  run_until([&] { return begun.load(); });
  server_.reset();
  EXPECT_EQ(reply.get().body, "begun\n");
  stream->write("too late");
}

}  // namespace
}  // namespace egress::daemon
