// SPDX-License-Identifier: MIT
#include "tests/unit/egressd/http_client.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <cstring>
#include <memory>

namespace egress::daemon {

namespace {

struct Exchange {
  const Call& call;
  Reply reply{};
  size_t sent = 0;
};

size_t receive(char* data, size_t /*one*/, size_t size, void* exchange) {
  auto* self = static_cast<Exchange*>(exchange);
  self->reply.body.append(data, size);
  const bool go_on = !self->call.on_data || self->call.on_data(self->reply.body);
  return go_on ? size : 0;
}

// The line that ends the headers is empty.
size_t see_header(char* data, size_t /*one*/, size_t size, void* exchange) {
  constexpr size_t kEmptyLine = 2;
  auto* self = static_cast<Exchange*>(exchange);
  self->reply.headers.append(data, size);
  if (size == kEmptyLine && self->call.on_answer) self->call.on_answer();
  return size;
}

int ask_whether_over(void* exchange, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const auto* self = static_cast<const Exchange*>(exchange);
  return self->call.is_over && self->call.is_over() ? 1 : 0;
}

size_t provide(char* buffer, size_t /*one*/, size_t size, void* exchange) {
  auto* self = static_cast<Exchange*>(exchange);
  const size_t taken = std::min(size, self->call.body.size() - self->sent);
  std::memcpy(buffer, self->call.body.data() + self->sent, taken);
  self->sent += taken;
  return taken;
}

}  // namespace

Reply send(const std::string& socket, const Call& call) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(),
                                                                 &curl_easy_cleanup);
  Exchange exchange{call};
  const std::string url = "http://egressd" + call.path;
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_UNIX_SOCKET_PATH, socket.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, receive);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &exchange);
  curl_easy_setopt(curl.get(), CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl.get(), CURLOPT_XFERINFOFUNCTION, ask_whether_over);
  curl_easy_setopt(curl.get(), CURLOPT_XFERINFODATA, &exchange);
  curl_easy_setopt(curl.get(), CURLOPT_HEADERFUNCTION, see_header);
  curl_easy_setopt(curl.get(), CURLOPT_HEADERDATA, &exchange);
  if (call.method == "POST") {
    curl_easy_setopt(curl.get(), CURLOPT_POST, 1L);
    curl_easy_setopt(curl.get(), CURLOPT_READFUNCTION, provide);
    curl_easy_setopt(curl.get(), CURLOPT_READDATA, &exchange);
    if (call.announce_length) {
      curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE_LARGE,
                       static_cast<curl_off_t>(call.body.size()));
    }
  } else {
    curl_easy_setopt(curl.get(), CURLOPT_CUSTOMREQUEST, call.method.c_str());
  }
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(nullptr,
                                                                      &curl_slist_free_all);
  if (!call.announce_length) {
    headers.reset(curl_slist_append(nullptr, "Transfer-Encoding: chunked"));
  }
  if (!call.header.empty()) {
    headers.reset(curl_slist_append(headers.release(), call.header.c_str()));
  }
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_perform(curl.get());
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &exchange.reply.status);
  return exchange.reply;
}

}  // namespace egress::daemon
