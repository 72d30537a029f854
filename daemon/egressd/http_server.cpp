// SPDX-License-Identifier: MIT
#include "http_server.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace egress::daemon {

namespace {

constexpr size_t kConnectionMemory = size_t{256} << 10U;
constexpr size_t kStreamBlock = size_t{16} << 10U;
// Turns of libmicrohttpd in a row before other handles of the loop get theirs.
constexpr int kTurnsAtOnce = 64;
constexpr int kLastTurns = 8;

struct ReleaseResponse {
  void operator()(MHD_Response* response) const { MHD_destroy_response(response); }
};
using ResponsePtr = std::unique_ptr<MHD_Response, ReleaseResponse>;

// What the content reader of one response needs; freed with the response.
struct StreamReader {
  std::shared_ptr<LineStream> stream;
  MHD_Connection* connection;
};

ssize_t read_stream(void* reader, uint64_t /*position*/, char* buffer, size_t size) {
  auto* self = static_cast<StreamReader*>(reader);
  return self->stream->read(self->connection, buffer, size);
}

ResponsePtr make_response(MHD_Connection* connection, const HttpResponse& response) {
  if (response.stream != nullptr) {
    auto reader = std::make_unique<StreamReader>(StreamReader{response.stream, connection});
    ResponsePtr made(MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, kStreamBlock, read_stream, reader.get(),
        [](void* done) { delete static_cast<StreamReader*>(done); }));
    if (made != nullptr) (void)reader.release();
    return made;
  }
  return ResponsePtr(MHD_create_response_from_buffer(
      response.body.size(), const_cast<char*>(response.body.data()), MHD_RESPMEM_MUST_COPY));
}

MHD_Result collect_argument(void* query, MHD_ValueKind /*kind*/, const char* key,
                            const char* value) {
  (*static_cast<std::map<std::string, std::string>*>(query))[key] = value == nullptr ? "" : value;
  return MHD_YES;
}

bool announces_more_than(MHD_Connection* connection, size_t limit) {
  const char* length =
      MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
  return length != nullptr && std::strtoull(length, nullptr, 10) > limit;
}

}  // namespace

void LineStream::write(const std::string& line) {
  if (disconnected_) return;
  pending_ += line;
  pending_ += '\n';
  wake();
}

void LineStream::finish() {
  finished_ = true;
  wake();
}

ssize_t LineStream::read(MHD_Connection* connection, char* buffer, size_t size) {
  if (!pending_.empty()) {
    const size_t taken = std::min(size, pending_.size());
    std::memcpy(buffer, pending_.data(), taken);
    pending_.erase(0, taken);
    return static_cast<ssize_t>(taken);
  }
  if (finished_) return MHD_CONTENT_READER_END_OF_STREAM;
  suspended_ = connection;
  MHD_suspend_connection(connection);
  return 0;
}

void LineStream::disconnect() {
  disconnected_ = true;
  suspended_ = nullptr;
  pending_.clear();
}

void LineStream::wake() {
  if (suspended_ == nullptr) return;
  MHD_resume_connection(std::exchange(suspended_, nullptr));
  on_wake_();
}

HttpServer::HttpServer(size_t largest_body, HttpHandler handler, Refuse refuse)
    : largest_body_(largest_body), handler_(std::move(handler)), refuse_(std::move(refuse)) {}

Result<std::unique_ptr<HttpServer>> HttpServer::start(Loop& loop, UniqueFd listener,
                                                      size_t largest_body, HttpHandler handler,
                                                      Refuse refuse) {
  std::unique_ptr<HttpServer> server(
      new HttpServer(largest_body, std::move(handler), std::move(refuse)));
  server->daemon_.reset(MHD_start_daemon(
      MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, nullptr, nullptr, &HttpServer::on_request,
      server.get(), MHD_OPTION_LISTEN_SOCKET, listener.get(), MHD_OPTION_NOTIFY_COMPLETED,
      &HttpServer::on_completed, server.get(), MHD_OPTION_CONNECTION_MEMORY_LIMIT,
      kConnectionMemory, MHD_OPTION_END));
  if (server->daemon_ == nullptr) {
    return Error{.code = Errc::kKernel, .message = "the HTTP server does not start"};
  }
  (void)listener.release();  // stopping the server closes it
  server->attach(loop);
  return server;
}

void HttpServer::attach(Loop& loop) {
  const MHD_DaemonInfo* info =
      MHD_get_daemon_info(daemon_.get(), MHD_DAEMON_INFO_EPOLL_FD_LINUX_ONLY);
  EG_CHECK(info != nullptr, "an epoll server has an epoll descriptor");
  poll_ = std::make_unique<Poll>(loop, info->epoll_fd, [this] { serve(); });
  poll_->start();
  timer_ = std::make_unique<Timer>(loop, [this] { serve(); });
}

HttpServer::~HttpServer() {
  // libmicrohttpd must not be stopped with suspended connections.
  for (const auto& weak : streams_) {
    if (const auto stream = weak.lock()) stream->finish();
  }
  timer_.reset();
  poll_.reset();
  // What was written to streams last still goes out: resuming takes one turn, sending another.
  for (int turn = 0; turn < kLastTurns; ++turn) MHD_run(daemon_.get());
}

void HttpServer::serve() {
  MHD_UNSIGNED_LONG_LONG timeout = 0;
  bool waits = false;
  for (int turn = 0; turn < kTurnsAtOnce; ++turn) {
    MHD_run(daemon_.get());
    waits = MHD_get_timeout(daemon_.get(), &timeout) == MHD_YES;
    if (!waits || timeout > 0) break;
  }
  if (waits) {
    timer_->start(std::chrono::milliseconds(timeout));
  } else {
    timer_->stop();
  }
}

MHD_Result HttpServer::on_request(void* self, MHD_Connection* connection, const char* url,
                                  const char* method, const char* /*version*/, const char* data,
                                  size_t* size, void** context) {
  auto* server = static_cast<HttpServer*>(self);
  auto* exchange = static_cast<Exchange*>(*context);
  if (exchange == nullptr) return server->begin(connection, url, method, context);
  if (*size > 0) {
    const MHD_Result result = server->collect(*exchange, data, *size);
    *size = 0;
    return result;
  }
  if (exchange->too_large) {
    return server->answer(connection, *exchange,
                          server->refuse_(MHD_HTTP_CONTENT_TOO_LARGE, "the body is too large"));
  }
  return server->answer(connection, *exchange, server->handler_(exchange->request));
}

MHD_Result HttpServer::begin(MHD_Connection* connection, const char* url, const char* method,
                             void** context) {
  auto exchange = std::make_unique<Exchange>();
  exchange->request.method = method;
  exchange->request.path = url;
  MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, collect_argument,
                            &exchange->request.query);
  *context = exchange.get();
  Exchange& begun = *exchange.release();  // on_completed() deletes it
  if (!announces_more_than(connection, largest_body_)) return MHD_YES;
  return answer(connection, begun, refuse_(MHD_HTTP_CONTENT_TOO_LARGE, "the body is too large"));
}

// A body without an announced length is read to its end and dropped once it is too large, since
// an answer can be given only then.
MHD_Result HttpServer::collect(Exchange& exchange, const char* data, size_t size) const {
  std::string& body = exchange.request.body;
  exchange.too_large = exchange.too_large || size > largest_body_ - body.size();
  if (exchange.too_large) {
    body.clear();
  } else {
    body.append(data, size);
  }
  return MHD_YES;
}

MHD_Result HttpServer::answer(MHD_Connection* connection, Exchange& exchange,
                              const HttpResponse& response) {
  const ResponsePtr made = make_response(connection, response);
  if (made == nullptr) return MHD_NO;
  if (response.stream != nullptr) {
    exchange.stream = response.stream;
    // Without threads of its own, libmicrohttpd notices a resumed connection in its next turn only.
    response.stream->on_wake([this] { timer_->start(std::chrono::milliseconds(0)); });
    streams_.erase(std::remove_if(streams_.begin(), streams_.end(),
                                  [](const auto& stream) { return stream.expired(); }),
                   streams_.end());
    streams_.push_back(response.stream);
  }
  MHD_add_response_header(made.get(), MHD_HTTP_HEADER_CONTENT_TYPE,
                          response.stream != nullptr ? "application/x-ndjson" : "application/json");
  return MHD_queue_response(connection, response.status, made.get());
}

void HttpServer::on_completed(void* /*self*/, MHD_Connection* /*connection*/, void** context,
                              MHD_RequestTerminationCode /*reason*/) {
  const std::unique_ptr<Exchange> exchange(static_cast<Exchange*>(*context));
  *context = nullptr;
  if (exchange != nullptr && exchange->stream != nullptr) exchange->stream->disconnect();
}

}  // namespace egress::daemon
