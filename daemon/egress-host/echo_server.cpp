// SPDX-License-Identifier: MIT
#include "egress-host/echo_server.hpp"

#include <netinet/in.h>

#include <string_view>
#include <utility>

#include "egress-host/answer.hpp"

namespace egress::host {
namespace {

constexpr int kBacklog = 4096;
constexpr unsigned kKeepaliveSeconds = 60;

Error uv_failure(const std::string& what, int code) {
  return Error::from_errno(what, -code);
}

uv_stream_t* stream(uv_tcp_t& handle) {
  return reinterpret_cast<uv_stream_t*>(&handle);
}
uv_handle_t* base(uv_tcp_t& handle) {
  return reinterpret_cast<uv_handle_t*>(&handle);
}

}  // namespace

// Lives from accept to its close callback, which deletes it (libuv may touch the handle until
// then).
struct EchoServer::Connection {
  explicit Connection(EchoServer& owner) : server(owner) {
    handle.data = this;
    next = server.connections_;
    if (next != nullptr) next->previous = this;
    server.connections_ = this;
    ++server.connection_count_;
  }
  ~Connection() {
    (previous != nullptr ? previous->next : server.connections_) = next;
    if (next != nullptr) next->previous = previous;
    --server.connection_count_;
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void close() {
    if (uv_is_closing(base(handle)) != 0) return;
    uv_close(base(handle), [](uv_handle_t* closed) {
      auto* self = static_cast<Connection*>(closed->data);
      EchoServer& owner = self->server;
      delete self;
      owner.take_waiting();
    });
  }

  void read() {
    const auto allocate = [](uv_handle_t* reader, size_t, uv_buf_t* buffer) {
      auto& shared = static_cast<Connection*>(reader->data)->server.read_buffer_;
      *buffer = uv_buf_init(shared.data(), static_cast<unsigned>(shared.size()));
    };
    const auto received = [](uv_stream_t* reader, ssize_t size, const uv_buf_t* buffer) {
      auto* self = static_cast<Connection*>(reader->data);
      if (size < 0) {
        self->close();
      } else if (size > 0) {
        self->write({buffer->base, static_cast<size_t>(size)});
      }
    };
    if (uv_read_start(stream(handle), allocate, received) < 0) close();
  }

  // Sends what the kernel takes now; the rest is kept, and reading stops until it is gone.
  void write(std::string_view data) {
    uv_buf_t now = uv_buf_init(const_cast<char*>(data.data()), static_cast<unsigned>(data.size()));
    const int sent = uv_try_write(stream(handle), &now, 1);
    if (sent < 0 && sent != UV_EAGAIN) return close();
    if (sent > 0) data.remove_prefix(static_cast<size_t>(sent));
    if (data.empty()) return;
    uv_read_stop(stream(handle));
    pending.assign(data);
    request.data = this;
    const uv_buf_t rest = uv_buf_init(pending.data(), static_cast<unsigned>(pending.size()));
    const int queued =
        uv_write(&request, stream(handle), &rest, 1, [](uv_write_t* written, int status) {
          auto* self = static_cast<Connection*>(written->data);
          std::string().swap(self->pending);
          if (status < 0) {
            self->close();
          } else {
            self->read();
          }
        });
    if (queued < 0) close();
  }

  EchoServer& server;
  Connection* previous = nullptr;
  Connection* next = nullptr;
  uv_tcp_t handle{};
  uv_write_t request{};
  std::string pending{};
};

Result<std::unique_ptr<EchoServer>> EchoServer::listen(uv::Loop& loop, const std::string& host,
                                                       const std::vector<Port>& ports,
                                                       size_t connection_limit) {
  std::unique_ptr<EchoServer> server(new EchoServer(*loop.get(), host, connection_limit));
  for (const Port& port : ports) RETURN_IF_ERROR(server->open(port));
  return server;
}

Status EchoServer::open(Port port) {
  const std::string what = "listen on " + port.to_string();
  auto listener = std::make_unique<Listener>();
  listener->server = this;
  listener->handle.data = listener.get();
  if (const int failed = uv_tcp_init(&loop_, &listener->handle); failed < 0) {
    return uv_failure(what, failed);
  }
  listeners_.push_back(std::move(listener));
  Listener& opened = *listeners_.back();
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_port = htons(port.number);
  if (const int failed = uv_tcp_bind(&opened.handle, reinterpret_cast<sockaddr*>(&any), 0);
      failed < 0) {
    return uv_failure(what, failed);
  }
  const auto connected = [](uv_stream_t* listening, int status) {
    auto* self = static_cast<Listener*>(listening->data);
    if (status == 0) self->server->take(*self);
  };
  if (const int failed = uv_listen(stream(opened.handle), kBacklog, connected); failed < 0) {
    return uv_failure(what, failed);
  }
  return {};
}

void EchoServer::take(Listener& listener) {
  listener.waiting = connection_count_ >= connection_limit_;
  if (listener.waiting || closing_) return;
  auto* connection = new Connection(*this);
  if (uv_tcp_init(&loop_, &connection->handle) < 0) {
    delete connection;
    return;
  }
  connection->handle.data = connection;
  if (uv_accept(stream(listener.handle), stream(connection->handle)) < 0) {
    return connection->close();
  }
  serve(*connection);
}

void EchoServer::take_waiting() {
  for (const std::unique_ptr<Listener>& listener : listeners_) {
    if (listener->waiting && connection_count_ < connection_limit_) return take(*listener);
  }
}

void EchoServer::serve(Connection& connection) {
  sockaddr_in local{};
  sockaddr_in peer{};
  int local_size = sizeof local;
  int peer_size = sizeof peer;
  const bool known =
      uv_tcp_getsockname(&connection.handle, reinterpret_cast<sockaddr*>(&local), &local_size) ==
          0 &&
      uv_tcp_getpeername(&connection.handle, reinterpret_cast<sockaddr*>(&peer), &peer_size) == 0;
  if (!known) return connection.close();  // the client is gone already
  uv_tcp_nodelay(&connection.handle, 1);
  uv_tcp_keepalive(&connection.handle, 1, kKeepaliveSeconds);
  connection.read();
  connection.write(answer(host_, Protocol::kTcp, local, peer) + "\n");
}

void EchoServer::close() {
  closing_ = true;
  for (const std::unique_ptr<Listener>& listener : listeners_) {
    listener->waiting = false;
    if (uv_is_closing(base(listener->handle)) == 0) uv_close(base(listener->handle), nullptr);
  }
  for (Connection* connection = connections_; connection != nullptr;
       connection = connection->next) {
    connection->close();
  }
}

}  // namespace egress::host
