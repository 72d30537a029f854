// SPDX-License-Identifier: MIT
#include "egress-host/http_server.hpp"

#include <sys/socket.h>

namespace egress::host {
namespace {

constexpr int kBacklog = 4096;
constexpr unsigned kIdleSeconds = 60;

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::listen(uv::Loop& loop, const Speaker& speaker,
                                                       Port port, UniqueFd fd,
                                                       unsigned connection_limit) {
  if (::listen(fd.get(), kBacklog) < 0) return Error::from_errno("listen on " + port.to_string());
  std::unique_ptr<HttpServer> server(new HttpServer(speaker));
  server->http_ = MHD_start_daemon(MHD_USE_EPOLL, port.number, nullptr, nullptr,
                                   &HttpServer::respond, server.get(), MHD_OPTION_LISTEN_SOCKET,
                                   fd.get(), MHD_OPTION_CONNECTION_LIMIT, connection_limit,
                                   MHD_OPTION_CONNECTION_TIMEOUT, kIdleSeconds, MHD_OPTION_END);
  if (server->http_ == nullptr) {
    return Error{.code = Errc::kKernel,
                 .message = "libmicrohttpd cannot serve " + port.to_string()};
  }
  fd.release();  // libmicrohttpd closes it
  server->watch(loop);
  return server;
}

HttpServer::~HttpServer() {
  poll_.reset();
  if (http_ != nullptr) MHD_stop_daemon(http_);
}

void HttpServer::watch(uv::Loop& loop) {
  const auto* const info = MHD_get_daemon_info(http_, MHD_DAEMON_INFO_EPOLL_FD);
  EG_CHECK(info != nullptr, "an epoll server has an epoll descriptor");
  timer_.emplace(loop, [this] { run(); });
  poll_.emplace(loop, info->epoll_fd, [this] { run(); });
  poll_->start();
}

void HttpServer::run() {
  MHD_run(http_);
  MHD_UNSIGNED_LONG_LONG wait_ms = 0;
  if (MHD_get_timeout(http_, &wait_ms) != MHD_YES) {
    timer_->stop();
    return;
  }
  timer_->start(std::chrono::milliseconds(wait_ms));
}

MHD_Result HttpServer::respond(void* self, MHD_Connection* connection, const char*, const char*,
                               const char*, const char*, size_t* upload_size, void** request) {
  // The first call has the header only, later ones bring the body, which nobody wants; the last
  // one, without data, is the time to answer.
  if (*request == nullptr) {
    *request = self;
    return MHD_YES;
  }
  if (*upload_size != 0) {
    *upload_size = 0;
    return MHD_YES;
  }
  const auto* const socket = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  const auto reply = socket == nullptr
                         ? std::nullopt
                         : reply_line(static_cast<HttpServer*>(self)->speaker_, socket->connect_fd);
  if (!reply) return MHD_NO;
  MHD_Response* const response = MHD_create_response_from_buffer(
      reply->text.size(), const_cast<char*>(reply->text.data()), MHD_RESPMEM_MUST_COPY);
  if (response == nullptr) return MHD_NO;
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
  const MHD_Result queued =
      MHD_queue_response(connection, reply->refused ? MHD_HTTP_FORBIDDEN : MHD_HTTP_OK, response);
  MHD_destroy_response(response);
  return queued;
}

}  // namespace egress::host
