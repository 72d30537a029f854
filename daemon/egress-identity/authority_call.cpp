// SPDX-License-Identifier: MIT
#include "egress-identity/authority_call.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>

#include "kernel/netns_scope.hpp"

namespace egress::identity {
namespace {

constexpr uint16_t kPort = 443;
constexpr size_t kMostText = 8 * 1024;
constexpr Ipv4Address kResolver{0x7f00000b};  // 127.0.0.11, azure-facts 8.2.8
// The lane's resolver keeps Azure's own time-outs, the longest of which this is just beyond.
constexpr std::chrono::seconds kLookupPatience{8};
constexpr std::chrono::seconds kConnectPatience{3};

Result<UniqueFd> connecting_socket(Ipv4Address address) {
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_port = htons(kPort);
  peer.sin_addr.s_addr = htonl(address.bits);
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid() ||
      (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&peer), sizeof peer) < 0 &&
       errno != EINPROGRESS)) {
    return Error::from_errno("connect");
  }
  return fd;
}

std::optional<Ipv4Address> address_in(const std::optional<dns::Reply>& reply) {
  if (!reply) return std::nullopt;
  for (const policy::Record& record : reply->records) {
    if (const auto* const address = std::get_if<Ipv4Address>(&record.data)) return *address;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> failure_in(const std::string& line) {
  const auto said = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!said.is_object() || said.value("access", "") != "Deny") return std::nullopt;
  return fmt::format("{} refuses: {}", kAuthority, said.value("message", "no reason is given"));
}

AuthorityCall::AuthorityCall(uv::Loop& loop, Done done)
    : loop_(loop), done_(std::move(done)), timer_(loop, [this] { on_time(); }) {}

void AuthorityCall::start(Lane& lane) {
  netns_ = lane.netns();
  timer_.start(kLookupPatience);
  lane.upstream().ask(netns_, {.servers = {kResolver}, .attempts = 1, .timeout = kLookupPatience},
                      {.name = kAuthority, .type = policy::RecordType::kA},
                      [weak = weak_from_this()](const std::optional<dns::Reply>& reply) {
                        if (const auto self = weak.lock()) self->on_lookup(reply);
                      });
}

void AuthorityCall::on_lookup(const std::optional<dns::Reply>& reply) {
  const auto address = address_in(reply);
  if (!address) return end(fmt::format("could not resolve {}", kAuthority));
  where_ = fmt::format("{} ({})", kAuthority, address->to_string());
  connect(*address);
}

void AuthorityCall::connect(Ipv4Address address) {
  auto socket = kernel::open_inside(netns_->get(), [&] { return connecting_socket(address); });
  if (!socket.ok()) return end(fmt::format("no way to {}", where_));
  socket_ = *std::move(socket);
  timer_.start(kConnectPatience);
  poll_.emplace(loop_, socket_.get(), [this] { on_ready(); });
  poll_->start(uv::Poll::For::kWriting);
}

void AuthorityCall::on_ready() {
  if (connected_) return receive();
  on_connected();
}

void AuthorityCall::on_connected() {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error == ECONNREFUSED) return end(fmt::format("{} refuses the connection", where_));
  if (error != 0) return end(fmt::format("no connection to {}", where_));
  connected_ = true;
  ::shutdown(socket_.get(), SHUT_WR);  // it need not wait for what is asked in TLS
  poll_->start();
}

void AuthorityCall::receive() {
  std::array<char, 4096> buffer;
  const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (size < 0 && errno == EAGAIN) return;
  if (size > 0) received_.append(buffer.data(), static_cast<size_t>(size));
  const bool whole = received_.find('\n') != std::string::npos;
  if (size > 0 && !whole && received_.size() < kMostText) return;
  if (!whole) return end(fmt::format("{} ended the connection", where_));
  end(failure_in(received_.substr(0, received_.find('\n'))));
}

void AuthorityCall::on_time() {
  if (!socket_.valid()) return end(fmt::format("could not resolve {}", kAuthority));
  end(fmt::format("no {} {}: time-out", connected_ ? "answer of" : "connection to", where_));
}

void AuthorityCall::end(const std::optional<std::string>& failure) {
  timer_.stop();
  poll_.reset();
  socket_.reset();
  if (const Done done = std::exchange(done_, nullptr)) done(failure);
}

}  // namespace egress::identity
