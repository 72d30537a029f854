// SPDX-License-Identifier: MIT
#include "egress-host/echo_server.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>
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

int fd_of(const uv_tcp_t& handle) {
  uv_os_fd_t fd = -1;
  uv_fileno(reinterpret_cast<const uv_handle_t*>(&handle), &fd);
  return fd;
}

}  // namespace

// Lives from accept to its close callback, which deletes it (libuv may touch the handle until
// then), and so perhaps longer than its server.
struct EchoServer::Connection {
  explicit Connection(EchoServer& owner) : server(&owner), room(owner.room_) {
    handle.data = this;
    server->connections_.insert(this);
    ++room.connections_;
  }
  ~Connection() {
    --room.connections_;
    if (server != nullptr) server->connections_.erase(this);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void close() {
    if (uv_is_closing(base(handle)) != 0) return;
    first_bytes.reset();
    uv_close(base(handle), [](uv_handle_t* closed) {
      auto* self = static_cast<Connection*>(closed->data);
      EchoRoom& shared = self->room;
      delete self;
      shared.take_waiting();
    });
  }

  void read() {
    const auto allocate = [](uv_handle_t* reader, size_t, uv_buf_t* buffer) {
      auto& shared = static_cast<Connection*>(reader->data)->room.read_buffer_;
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
    if (data.empty() && last) return close();
    if (data.empty()) return;
    uv_read_stop(stream(handle));
    pending.assign(data);
    request.data = this;
    const uv_buf_t rest = uv_buf_init(pending.data(), static_cast<unsigned>(pending.size()));
    const int queued =
        uv_write(&request, stream(handle), &rest, 1, [](uv_write_t* written, int status) {
          auto* self = static_cast<Connection*>(written->data);
          std::string().swap(self->pending);
          if (status < 0 || self->last) {
            self->close();
          } else {
            self->read();
          }
        });
    if (queued < 0) close();
  }

  EchoServer* server;  // null once that is gone
  EchoRoom& room;
  uv_tcp_t handle{};
  uv_write_t request{};
  std::string pending{};
  std::optional<FirstBytes> first_bytes{};  // while they are waited for
  bool last = false;                        // what is written now is all that the client gets
};

void EchoRoom::take_waiting() {
  if (is_full() || waiting_.empty()) return;
  (*waiting_.begin())->take();
}

Result<std::unique_ptr<EchoServer>> EchoServer::listen(uv::Loop& loop, EchoRoom& room,
                                                       const Speaker& speaker, Port port,
                                                       UniqueFd fd, Instead instead) {
  std::unique_ptr<EchoServer> server(new EchoServer(loop, room, speaker, std::move(instead)));
  RETURN_IF_ERROR(server->open(port, std::move(fd)));
  return server;
}

EchoServer::EchoServer(uv::Loop& loop, EchoRoom& room, const Speaker& speaker, Instead instead)
    : loop_(loop), room_(room), speaker_(speaker), instead_(std::move(instead)), listener_([this] {
        take();
      }) {
  uv_tcp_init(loop_.get(), listener_.get());
}

EchoServer::~EchoServer() {
  room_.waiting_.erase(this);
  for (Connection* connection : connections_) {
    connection->server = nullptr;
    connection->close();
  }
}

Status EchoServer::open(Port port, UniqueFd fd) {
  const auto refused = [&](int code) {
    return Error::from_errno("listen on " + port.to_string(), -code);
  };
  if (const int failed = uv_tcp_open(listener_.get(), fd.get()); failed < 0) return refused(failed);
  (void)fd.release();  // the handle closes it
  const auto connected = [](uv_stream_t* listening, int status) {
    if (status == 0) static_cast<uv::HandleBlock<uv_tcp_t>*>(listening->data)->callback();
  };
  if (const int failed = uv_listen(stream(*listener_.get()), kBacklog, connected); failed < 0) {
    return refused(failed);
  }
  return {};
}

void EchoServer::take() {
  room_.waiting_.erase(this);
  if (room_.is_full()) {
    room_.waiting_.insert(this);
    return;
  }
  auto* connection = new Connection(*this);
  if (uv_tcp_init(loop_.get(), &connection->handle) < 0) {
    delete connection;
    return;
  }
  if (uv_accept(stream(*listener_.get()), stream(connection->handle)) < 0) {
    return connection->close();
  }
  serve(*connection);
}

int EchoServer::socket() {
  return fd_of(*listener_.get());
}

void EchoServer::serve(Connection& connection) {
  if (!instead_.http && !speaks_tls()) return greet(connection);
  UniqueFd same(::fcntl(fd_of(connection.handle), F_DUPFD_CLOEXEC, 0));
  if (!same.valid()) return greet(connection);
  connection.first_bytes.emplace(loop_, std::move(same), [this, &connection] { hear(connection); });
}

bool EchoServer::speaks_tls() const {
  return instead_.https && instead_.https->has_certificates();
}

HttpServer* EchoServer::taker_of(Begun begun) const {
  if (begun == Begun::kHttp) return instead_.http.get();
  return begun == Begun::kTls && speaks_tls() ? instead_.https.get() : nullptr;
}

void EchoServer::hear(Connection& connection) {
  HttpServer* const taker = taker_of(connection.first_bytes->begun());
  if (taker == nullptr) return greet(connection);
  UniqueFd fd = connection.first_bytes->release();
  connection.close();
  taker->take(std::move(fd));
}

void EchoServer::greet(Connection& connection) {
  connection.first_bytes.reset();
  const auto reply = reply_line(speaker_, fd_of(connection.handle));
  if (!reply) return connection.close();
  uv_tcp_nodelay(&connection.handle, 1);
  uv_tcp_keepalive(&connection.handle, 1, kKeepaliveSeconds);
  connection.last = reply->refused;
  if (!connection.last) connection.read();
  connection.write(reply->text);
}

}  // namespace egress::host
