// SPDX-License-Identifier: MIT
#include "egressctl/exchange.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "control/protocol.hpp"

namespace egress::ctl {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;
using End = Exchange::End;

constexpr timeval kConnectPatience{.tv_sec = 5, .tv_usec = 0};
constexpr std::chrono::milliseconds kTick{200};
constexpr unsigned kHttp11 = 11;

class Exchanging {
 public:
  Exchanging(const Request& request, const OnBody& on_body) : request_(request), on_body_(on_body) {
    if (request.at_most.count() != 0) deadline_ = begun_ + request.at_most;
  }

  Exchange run() {
    if (connect() && send() && receive_header() && is_of_our_api()) receive_body();
    return done_;
  }

 private:
  // A daemon that hangs accepts nobody, and lets us wait where its backlog is full.
  bool connect() {
    error_code error;
    socket_.open({}, error);
    if (error) return end_with(End::kNotConnected, error);
    (void)::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_SNDTIMEO, &kConnectPatience,
                       sizeof kConnectPatience);
    if (request_.socket.size() >= sizeof(sockaddr_un::sun_path)) {
      return end_with(End::kNotConnected, asio::error::name_too_long);
    }
    socket_.connect(request_.socket, error);
    if (!error) (void)socket_.remote_endpoint(error);
    return !error || end_with(End::kNotConnected, error);
  }

  bool send() {
    http::request<http::string_body> message(
        request_.body == nullptr ? http::verb::get : http::verb::post, request_.target, kHttp11);
    message.set(http::field::host, "egressd");
    message.set(http::field::connection, "close");
    message.set(control::kApiHeader, std::to_string(control::kApiVersion));
    message.set(control::kVersionHeader, EGRESS_VERSION);
    if (request_.body != nullptr) {
      message.set(http::field::content_type, "application/json");
      message.body() = *request_.body;
      message.prepare_payload();
    }
    return await([&](auto handler) { http::async_write(socket_, message, std::move(handler)); });
  }

  bool receive_header() {
    parser_.body_limit(std::numeric_limits<uint64_t>::max());
    const bool came = await([&](auto handler) {
      http::async_read_header(socket_, buffer_, parser_, std::move(handler));
    });
    heard_ = came;
    if (came) done_.status = static_cast<int>(parser_.get().result_int());
    return came;
  }

  bool is_of_our_api() {
    const std::string ours = std::to_string(control::kApiVersion);
    const std::string api(parser_.get()[control::kApiHeader]);
    if (api == ours) return true;
    const std::string version(parser_.get()[control::kVersionHeader]);
    done_.end = End::kOtherApi;
    done_.why = api.empty() ? "what answers does not say that it is egressd"
                            : fmt::format("daemon {} (api {})", version, api);
    done_.why += fmt::format(", client {} (api {})", EGRESS_VERSION, ours);
    return false;
  }

  void receive_body() {
    std::array<char, 65'536> part;
    while (!parser_.is_done()) {
      auto& body = parser_.get().body();
      body.data = part.data();
      body.size = part.size();
      const bool came = await([&](auto handler) {
        http::async_read_some(socket_, buffer_, parser_, std::move(handler));
      });
      if (const size_t size = part.size() - body.size; size != 0) {
        on_body_(done_.status, {part.data(), size});
      }
      if (!came) return;
    }
  }

  // Begins an operation and waits until it has ended, whatever else ends the exchange.
  template <typename Begin>
  bool await(Begin begin) {
    std::optional<error_code> ended;
    begin([&](error_code error, size_t /*bytes*/) { ended = error; });
    while (!ended) {
      const bool over = request_.is_over();
      if (over || (deadline_ && Clock::now() >= *deadline_)) {
        done_.end = over ? End::kOver : End::kTimedOut;
        error_code ignored;
        socket_.close(ignored);
        context_.restart();
        context_.run();
        return false;
      }
      if (!heard_ && request_.on_silence && Clock::now() >= begun_ + kSilence) {
        heard_ = true;  // or said so
        request_.on_silence();
      }
      context_.restart();
      context_.run_one_for(kTick);
    }
    if (!*ended || *ended == http::error::need_buffer) return true;
    return end_with(*ended == asio::error::not_connected ? End::kNotConnected : End::kBroken,
                    *ended);
  }

  bool end_with(End end, error_code error) {
    done_.end = end;
    done_.os_errno = error.category() == boost::system::system_category() ? error.value() : 0;
    done_.why = error.message();
    return false;
  }

  const Request& request_;
  const OnBody& on_body_;
  const Clock::time_point begun_ = Clock::now();
  std::optional<Clock::time_point> deadline_{};
  bool heard_ = false;
  asio::io_context context_{1};
  asio::local::stream_protocol::socket socket_{context_};
  beast::flat_buffer buffer_{};
  http::response_parser<http::buffer_body> parser_{};
  Exchange done_{};
};

}  // namespace

Exchange exchange(const Request& request, const OnBody& on_body) {
  return Exchanging(request, on_body).run();
}

}  // namespace egress::ctl
