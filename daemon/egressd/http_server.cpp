// SPDX-License-Identifier: MIT
#include "egressd/http_server.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <optional>
#include <utility>

#include "base/memory.hpp"
#include "kernel/high_fd.hpp"

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

// Names of headers are of any case, those of arguments are not.
MHD_Result collect_value(void* values, MHD_ValueKind kind, const char* key, const char* value) {
  auto& known = *static_cast<std::map<std::string, std::string>*>(values);
  const auto taken = within_memory("take an argument", [&] {
    std::string name = key;
    if (kind == MHD_HEADER_KIND) {
      std::transform(name.begin(), name.end(), name.begin(),
                     [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    }
    known[std::move(name)] = value == nullptr ? "" : value;
    return true;
  });
  return taken.ok() ? MHD_YES : MHD_NO;
}

// 0 when the request does not say.
size_t announced_length(MHD_Connection* connection) {
  const char* length =
      MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
  return length == nullptr ? 0 : std::strtoull(length, nullptr, 10);
}

// libmicrohttpd counts whole seconds, and 0 is for ever.
unsigned seconds_of(std::chrono::milliseconds time) {
  return static_cast<unsigned>(
      std::max<int64_t>(1, std::chrono::ceil<std::chrono::seconds>(time).count()));
}

}  // namespace

// One request and its answer, until the connection is done with both.
struct HttpServer::Exchange : std::enable_shared_from_this<Exchange> {
  HttpRequest request{};
  Excess excess = Excess::kNone;
  size_t counted = 0;  // bytes of the body among bytes_of_bodies_
  bool asked = false;  // the handler knows of it
  MHD_Connection* suspended = nullptr;
  std::optional<HttpResponse> response{};
  std::shared_ptr<LineStream> stream{};
};

// Lives as long as somebody can still answer.
class HttpServer::PendingAnswer {
 public:
  PendingAnswer(HttpServer& server, std::weak_ptr<Exchange> exchange)
      : server_(server), exchange_(std::move(exchange)) {}
  PendingAnswer(const PendingAnswer&) = delete;
  PendingAnswer& operator=(const PendingAnswer&) = delete;
  ~PendingAnswer() {
    const auto exchange = exchange_.lock();
    if (exchange != nullptr && !exchange->response) server_.give_up(*exchange);
  }

  // The server lives when the exchange does.
  void give(HttpResponse response) {
    if (const auto exchange = exchange_.lock()) server_.give(*exchange, std::move(response));
  }

 private:
  HttpServer& server_;
  std::weak_ptr<Exchange> exchange_;
};

HttpServer::HttpServer(const HttpLimits& limits, HttpHeaders headers, HttpHandler handler,
                       Refuse refuse)
    : limits_(limits),
      headers_(std::move(headers)),
      handler_(std::move(handler)),
      refuse_(std::move(refuse)) {}

Result<std::unique_ptr<HttpServer>> HttpServer::start(uv::Loop& loop, const Clock& clock,
                                                      UniqueFd listener, const HttpLimits& limits,
                                                      HttpHeaders headers, HttpHandler handler,
                                                      Refuse refuse) {
  RETURN_IF_ERROR(kernel::raise_fd_limit());
  ASSIGN_OR_RETURN(listener, kernel::move_high(std::move(listener)));
  std::unique_ptr<HttpServer> server(
      new HttpServer(limits, std::move(headers), std::move(handler), std::move(refuse)));
  // Its timeout is for clients that do not read their answers; others are left to Connections.
  server->daemon_.reset(MHD_start_daemon(
      MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET, 0, nullptr, nullptr,
      &HttpServer::on_request, server.get(), MHD_OPTION_NOTIFY_COMPLETED, &HttpServer::on_completed,
      server.get(), MHD_OPTION_NOTIFY_CONNECTION, &HttpServer::on_connection, server.get(),
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, kConnectionMemory, MHD_OPTION_CONNECTION_LIMIT,
      static_cast<unsigned>(limits.connections.most), MHD_OPTION_CONNECTION_TIMEOUT,
      seconds_of(limits.connections.patience), MHD_OPTION_END));
  if (server->daemon_ == nullptr) {
    return Error{.code = Errc::kKernel, .message = "the HTTP server does not start"};
  }
  server->attach(loop, clock, std::move(listener));
  return server;
}

void HttpServer::attach(uv::Loop& loop, const Clock& clock, UniqueFd listener) {
  const MHD_DaemonInfo* info =
      MHD_get_daemon_info(daemon_.get(), MHD_DAEMON_INFO_EPOLL_FD_LINUX_ONLY);
  EG_CHECK(info != nullptr, "an epoll server has an epoll descriptor");
  poll_ = std::make_unique<uv::Poll>(loop, info->epoll_fd, [this] { serve(); });
  poll_->start();
  timer_ = std::make_unique<uv::Timer>(loop, [this] { serve(); });
  connections_ =
      std::make_unique<Connections>(loop, clock, std::move(listener), limits_.connections,
                                    [this](UniqueFd socket) { admit(std::move(socket)); });
}

void HttpServer::admit(UniqueFd socket) {
  const sockaddr_un nameless{.sun_family = AF_UNIX, .sun_path = {}};
  // Closes the socket when it fails.
  MHD_add_connection(daemon_.get(), socket.release(), reinterpret_cast<const sockaddr*>(&nameless),
                     sizeof(nameless.sun_family));
  timer_->start(std::chrono::milliseconds(0));
}

void HttpServer::on_connection(void* self, MHD_Connection* connection, void** /*context*/,
                               MHD_ConnectionNotificationCode what) {
  Connections& connections = *static_cast<HttpServer*>(self)->connections_;
  const int socket = socket_of(connection);
  if (what != MHD_CONNECTION_NOTIFY_STARTED) return connections.closed(socket);
  const auto noted = within_memory("note a client", [&] {
    connections.opened(socket);
    return true;
  });
  if (!noted.ok()) ::shutdown(socket, SHUT_RDWR);
}

HttpServer::~HttpServer() {
  // libmicrohttpd must not be stopped with suspended connections.
  for (const auto& [exchange, owned] : exchanges_) {
    if (exchange->stream != nullptr) exchange->stream->finish();
    if (exchange->suspended != nullptr) give(*exchange, stopping());
  }
  stopping_ = true;
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

// Called by C code, which no exception may cross: without memory even for a refusal, the connection
// ends.
MHD_Result HttpServer::on_request(void* self, MHD_Connection* connection, const char* url,
                                  const char* method, const char* /*version*/, const char* data,
                                  size_t* size, void** context) {
  try {
    return static_cast<HttpServer*>(self)->take(connection, url, method, data, size, context);
  } catch (const std::exception&) {
    return MHD_NO;
  }
}

MHD_Result HttpServer::take(MHD_Connection* connection, const char* url, const char* method,
                            const char* data, size_t* size, void** context) {
  if (*context == nullptr) return begin(connection, url, method, context);
  Exchange& exchange = *static_cast<Exchange*>(*context);
  if (*size > 0) {
    collect(exchange, data, *size);
    *size = 0;
    return MHD_YES;
  }
  if (exchange.excess != Excess::kNone) {
    return answer(connection, exchange, refusal_of(exchange.excess));
  }
  if (!std::exchange(exchange.asked, true)) handle(exchange);
  if (exchange.response) {
    const HttpResponse response = std::move(*exchange.response);
    return answer(connection, exchange, response);
  }
  // This is called again once the connection is resumed.
  connections_->being_answered(socket_of(connection));
  exchange.suspended = connection;
  MHD_suspend_connection(connection);
  return MHD_YES;
}

void HttpServer::give(Exchange& exchange, HttpResponse response) {
  if (exchange.response) return;
  exchange.response = std::move(response);
  if (exchange.suspended == nullptr) return;
  MHD_resume_connection(std::exchange(exchange.suspended, nullptr));
  // Without threads of its own, libmicrohttpd notices a resumed connection in its next turn only.
  timer_->start(std::chrono::milliseconds(0));
}

void HttpServer::give_up(Exchange& exchange) {
  try {
    give(exchange,
         refuse_(MHD_HTTP_INTERNAL_SERVER_ERROR, "there is not enough memory for this request"));
  } catch (const std::exception&) {
    give(exchange, {.status = MHD_HTTP_INTERNAL_SERVER_ERROR});
  }
}

MHD_Result HttpServer::begin(MHD_Connection* connection, const char* url, const char* method,
                             void** context) {
  const auto exchange = std::make_shared<Exchange>();
  exchange->request.method = method;
  exchange->request.path = url;
  MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, collect_value,
                            &exchange->request.query);
  MHD_get_connection_values(connection, MHD_HEADER_KIND, collect_value, &exchange->request.headers);
  exchanges_.emplace(exchange.get(), exchange);
  *context = exchange.get();
  const Excess excess = excess_of(0, announced_length(connection));
  if (excess == Excess::kNone) return MHD_YES;
  return answer(connection, *exchange, refusal_of(excess));
}

// A body without an announced length is read to its end and dropped once it is too large, since
// an answer can be given only then.
void HttpServer::collect(Exchange& exchange, const char* data, size_t size) {
  std::string& body = exchange.request.body;
  if (exchange.excess == Excess::kNone) exchange.excess = excess_of(body.size(), size);
  if (exchange.excess == Excess::kNone) {
    body.append(data, size);
    exchange.counted += size;
    bytes_of_bodies_ += size;
  } else {
    stop_counting(exchange);
  }
}

// What the handler has made of a body takes its room until there is an answer.
void HttpServer::stop_counting(Exchange& exchange) {
  exchange.request.body = std::string();
  bytes_of_bodies_ -= std::exchange(exchange.counted, 0);
}

HttpServer::Excess HttpServer::excess_of(size_t body, size_t more) const {
  if (more > limits_.body - body) return Excess::kOfThisBody;
  return more > limits_.bodies - bytes_of_bodies_ ? Excess::kOfAllBodies : Excess::kNone;
}

HttpResponse HttpServer::refusal_of(Excess excess) const {
  if (excess == Excess::kOfThisBody) {
    return refuse_(MHD_HTTP_CONTENT_TOO_LARGE,
                   "the body is larger than " + std::to_string(limits_.body) + " bytes");
  }
  return refuse_(MHD_HTTP_SERVICE_UNAVAILABLE,
                 "the bodies of other requests take all the room; try again");
}

HttpResponse HttpServer::stopping() const {
  return refuse_(MHD_HTTP_SERVICE_UNAVAILABLE, "the daemon is stopping");
}

void HttpServer::handle(Exchange& exchange) {
  if (stopping_) return give(exchange, stopping());
  try {
    const auto pending = std::make_shared<PendingAnswer>(*this, exchange.weak_from_this());
    handler_(exchange.request,
             [pending](HttpResponse response) { pending->give(std::move(response)); });
  } catch (const std::bad_alloc&) {
    // The pending answer has gone, and has said so.
  } catch (const std::exception& error) {
    exchange.response = refuse_(MHD_HTTP_INTERNAL_SERVER_ERROR, error.what());
  }
  exchange.request.body = std::string();
}

MHD_Result HttpServer::answer(MHD_Connection* connection, Exchange& exchange,
                              const HttpResponse& response) {
  connections_->being_answered(socket_of(connection));
  stop_counting(exchange);  // a stream may last
  const ResponsePtr made = make_response(connection, response);
  if (made == nullptr) return MHD_NO;
  if (response.stream != nullptr) {
    exchange.stream = response.stream;
    // Without threads of its own, libmicrohttpd notices a resumed connection in its next turn only.
    response.stream->on_wake([this] { timer_->start(std::chrono::milliseconds(0)); });
  }
  MHD_add_response_header(made.get(), MHD_HTTP_HEADER_CONTENT_TYPE,
                          response.stream != nullptr ? "application/x-ndjson" : response.type);
  for (const auto& [name, value] : headers_) {
    MHD_add_response_header(made.get(), name.c_str(), value.c_str());
  }
  return MHD_queue_response(connection, response.status, made.get());
}

void HttpServer::on_completed(void* self, MHD_Connection* connection, void** context,
                              MHD_RequestTerminationCode /*reason*/) {
  auto* server = static_cast<HttpServer*>(self);
  server->connections_->waited_for(socket_of(connection));
  auto* exchange = static_cast<Exchange*>(std::exchange(*context, nullptr));
  if (exchange == nullptr) return;
  server->stop_counting(*exchange);
  if (exchange->stream != nullptr) exchange->stream->disconnect();
  server->exchanges_.erase(exchange);
}

}  // namespace egress::daemon
