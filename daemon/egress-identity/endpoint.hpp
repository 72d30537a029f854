// SPDX-License-Identifier: MIT
#pragma once

// The token endpoint in one worker. libmicrohttpd speaks HTTP; its epoll descriptor and its
// time-outs are watched by the loop. A request waits, suspended, for the authority.

#include <microhttpd.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "egress-identity/authority_call.hpp"
#include "egress-identity/token_answer.hpp"
#include "settings/identity_text.hpp"
#include "uv/loop.hpp"

namespace egress::identity {

// By the names of their namespaces.
using Lanes = std::map<std::string, std::unique_ptr<Lane>>;

// What all endpoints of the process share; it outlives them.
struct Surroundings {
  uv::Loop& loop;
  Clock clock{};
  resolver::LookupRoom room{};
  Lanes lanes{};
};

class Endpoint {
 public:
  // Listens in the namespace, which is borrowed.
  static Result<std::unique_ptr<Endpoint>> open(Surroundings& surroundings,
                                                settings::IdentityEndpoint settings, int netns);
  ~Endpoint();  // ends its connections
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  // Where it listens.
  bool listens_at(const settings::IdentityEndpoint& settings) const {
    return settings_.address == settings.address && settings_.port == settings.port;
  }
  // A lane has another name: its apps' authority is called from there as before.
  void follow_lane(const std::string& from, const std::string& to);
  // Other apps; requests that wait are answered as they began.
  void change(settings::IdentityEndpoint settings) { settings_ = std::move(settings); }

 private:
  struct Request;

  Endpoint(Surroundings& surroundings, settings::IdentityEndpoint settings);
  Status start(UniqueFd socket);
  void run();
  const settings::IdentityApp* app_of(MHD_Connection& connection) const;
  void decide(Request& request, const Asked& asked);
  void ask_authority(Request& request, const settings::IdentityApp& app,
                     const std::string& resource);
  static MHD_Result respond(void* self, MHD_Connection* connection, const char* url,
                            const char* method, const char* version, const char* upload,
                            size_t* upload_size, void** request);
  static void complete(void* self, MHD_Connection* connection, void** request,
                       MHD_RequestTerminationCode how);

  Surroundings& surroundings_;
  settings::IdentityEndpoint settings_;
  MHD_Daemon* http_ = nullptr;
  std::optional<uv::Poll> events_{};
  std::optional<uv::Timer> timer_{};
  std::set<Request*> waiting_{};  // suspended
};

}  // namespace egress::identity
