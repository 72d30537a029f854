// SPDX-License-Identifier: MIT
#include "egress-host/echo_server.hpp"

#include <string_view>
#include <utility>

namespace egress::host {
namespace {

constexpr int kBacklog = 4096;
constexpr unsigned kKeepaliveSeconds = 60;

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
    server.connections_.insert(this);
  }
  ~Connection() { server.connections_.erase(this); }
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
  const auto refused = [&](int code) {
    return Error::from_errno("listen on " + port.to_string(), -code);
  };
  ASSIGN_OR_RETURN(UniqueFd fd, bound_socket(port));
  auto listener = std::make_unique<Listener>();
  listener->server = this;
  listener->handle.data = listener.get();
  if (const int failed = uv_tcp_init(&loop_, &listener->handle); failed < 0) {
    return refused(failed);
  }
  listeners_.push_back(std::move(listener));
  Listener& opened = *listeners_.back();
  if (const int failed = uv_tcp_open(&opened.handle, fd.get()); failed < 0) return refused(failed);
  (void)fd.release();  // the handle closes it
  const auto connected = [](uv_stream_t* listening, int status) {
    auto* self = static_cast<Listener*>(listening->data);
    if (status == 0) self->server->take(*self);
  };
  if (const int failed = uv_listen(stream(opened.handle), kBacklog, connected); failed < 0) {
    return refused(failed);
  }
  return {};
}

void EchoServer::take(Listener& listener) {
  listener.waiting = connections_.size() >= connection_limit_;
  if (listener.waiting || closing_) return;
  auto* connection = new Connection(*this);
  if (uv_tcp_init(&loop_, &connection->handle) < 0) {
    delete connection;
    return;
  }
  if (uv_accept(stream(listener.handle), stream(connection->handle)) < 0) {
    return connection->close();
  }
  serve(*connection);
}

void EchoServer::take_waiting() {
  for (const std::unique_ptr<Listener>& listener : listeners_) {
    if (listener->waiting && connections_.size() < connection_limit_) return take(*listener);
  }
}

void EchoServer::serve(Connection& connection) {
  uv_os_fd_t fd = -1;
  uv_fileno(base(connection.handle), &fd);
  const auto line = reply_line(host_, fd);
  if (!line) return connection.close();
  uv_tcp_nodelay(&connection.handle, 1);
  uv_tcp_keepalive(&connection.handle, 1, kKeepaliveSeconds);
  connection.read();
  connection.write(*line);
}

void EchoServer::close() {
  closing_ = true;
  for (const std::unique_ptr<Listener>& listener : listeners_) {
    listener->waiting = false;
    if (uv_is_closing(base(listener->handle)) == 0) uv_close(base(listener->handle), nullptr);
  }
  for (Connection* connection : connections_) connection->close();
}

}  // namespace egress::host
