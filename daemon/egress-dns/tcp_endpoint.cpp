// SPDX-License-Identifier: MIT
#include "egress-dns/tcp_endpoint.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

#include "dns/framing.hpp"

namespace egress::resolver {
namespace {

constexpr size_t kMostConnections = 64;
constexpr size_t kMostUnderWay = 16;  // of a connection
constexpr size_t kEnoughToSend = 65'536;
constexpr std::chrono::seconds kIdle{10};
constexpr std::chrono::seconds kPause{1};

}  // namespace

class TcpEndpoint::Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(TcpEndpoint& endpoint, UniqueFd socket)
      : endpoint_(endpoint),
        socket_(std::move(socket)),
        poll_(endpoint.loop_, socket_.get(), [this] { proceed(true); }),
        idle_(endpoint.loop_, [this] { end_if_idle(); }) {
    poll_.start();
    idle_.start(kIdle);
  }

 private:
  // All that can be done now; ends the connection when nothing is left to do.
  void proceed(bool ready) {
    const auto self = shared_from_this();
    in_turn_ = true;
    const bool open = (!ready || receive()) && serve_received();
    in_turn_ = false;
    if (!open || (received_all_ && under_way_ == 0 && outgoing_.empty())) {
      return endpoint_.end(socket_.get());
    }
    watch();
  }

  bool may_receive() const {
    return !received_all_ && under_way_ < kMostUnderWay && outgoing_.empty();
  }

  // False when the connection is broken.
  bool receive() {
    if (!may_receive()) return true;
    std::array<uint8_t, 65'536> buffer{};
    const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0) return errno == EAGAIN;
    received_all_ = size == 0;
    incoming_.insert(incoming_.end(), buffer.begin(), buffer.begin() + size);
    if (size > 0) idle_.start(kIdle);
    return true;
  }

  // The first query that has come whole, if it may be served now.
  std::optional<std::span<const uint8_t>> next() const {
    if (under_way_ >= kMostUnderWay || outgoing_.size() >= kEnoughToSend) return std::nullopt;
    return dns::first_message(std::span(incoming_).subspan(served_));
  }

  // False when the connection is broken.
  bool serve_received() {
    do {
      while (const auto message = next()) {
        ++under_way_;
        served_ += dns::kLengthSize + message->size();
        endpoint_.serve_(*message, dns::Transport::kTcp,
                         [self = weak_from_this()](const dns::Message& reply) {
                           if (const auto connection = self.lock()) connection->answer(reply);
                         });
      }
      if (!flush()) return false;
    } while (outgoing_.empty() && next());
    incoming_.erase(incoming_.begin(), incoming_.begin() + static_cast<std::ptrdiff_t>(served_));
    served_ = 0;
    return true;
  }

  void answer(const dns::Message& message) {
    --under_way_;
    if (!message.empty()) {
      const dns::Message framed = dns::framed(message);
      outgoing_.insert(outgoing_.end(), framed.begin(), framed.end());
    }
    if (!in_turn_) proceed(false);
  }

  // False when the connection is broken.
  bool flush() {
    if (outgoing_.empty()) return true;
    const ssize_t sent =
        ::send(socket_.get(), outgoing_.data(), outgoing_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN;
    outgoing_.erase(outgoing_.begin(), outgoing_.begin() + sent);
    idle_.start(kIdle);
    return true;
  }

  void watch() {
    if (!outgoing_.empty()) {
      poll_.start(uv::Poll::For::kWriting);
    } else if (may_receive()) {
      poll_.start();
    } else {
      poll_.stop();
    }
  }

  // Lookups end by themselves, and then their answer starts the time anew.
  void end_if_idle() {
    if (under_way_ == 0) return endpoint_.end(socket_.get());
    idle_.start(kIdle);
  }

  TcpEndpoint& endpoint_;
  UniqueFd socket_;
  std::vector<uint8_t> incoming_{};
  size_t served_ = 0;  // bytes of `incoming_`
  std::vector<uint8_t> outgoing_{};
  size_t under_way_ = 0;
  bool received_all_ = false;
  bool in_turn_ = false;
  uv::Poll poll_;
  uv::Timer idle_;
};

TcpEndpoint::TcpEndpoint(uv::Loop& loop, UniqueFd socket, Serve serve)
    : loop_(loop),
      socket_(std::move(socket)),
      serve_(std::move(serve)),
      poll_(loop, socket_.get(), [this] { accept_waiting(); }),
      pause_(loop, [this] { poll_.start(); }) {
  poll_.start();
}

TcpEndpoint::~TcpEndpoint() = default;

void TcpEndpoint::accept_waiting() {
  while (connections_.size() < kMostConnections) {
    UniqueFd socket(::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket.valid()) {
      if (errno == EAGAIN) return;
      if (errno == ECONNABORTED) continue;
      break;
    }
    const int number = socket.get();
    connections_[number] = std::make_shared<Connection>(*this, std::move(socket));
  }
  // No room, or no files: whoever waits would wake the loop again and again.
  poll_.stop();
  pause_.start(kPause);
}

void TcpEndpoint::end(int number) {
  connections_.erase(number);
  poll_.start();
}

}  // namespace egress::resolver
