// SPDX-License-Identifier: MIT
#pragma once

// What answers a message at once: Azure DNS as one network sees it, a server of the lab's own, an
// app's resolver, which knows nothing itself. They differ in what decides about a name.

#include <functional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "dns/message.hpp"
#include "policy/names.hpp"

namespace egress::dns {

// kForward when other servers have to be asked for `NameAnswer::forwarded`.
using Decide = std::function<policy::NameAnswer(const std::string& name, policy::RecordType type)>;

// What other servers have to be asked before the client can be answered.
struct Forward {
  Query query{};
  Question question{};
  std::vector<policy::Record> aliases{};  // that lead from the one to the other
};

class NameServer {
 public:
  explicit NameServer(Decide decide) : decide_(std::move(decide)) {}

  // The reply, which is empty when there is to be silence; or what to ask others.
  std::variant<Message, Forward> answer(std::span<const uint8_t> message,
                                        Transport transport) const;

 private:
  Decide decide_;
};

// A host's own server: its record sets, then what its forwarders know. Without forwarders a host in
// a network refuses what it does not know, and one in the Internet says what public DNS says.
struct ServerRecords {
  policy::Names::Sets own{};
  bool forwards = false;
  bool in_internet = false;
};
ServerRecords server_records(const lab::DnsServer& server, bool in_internet);
// `names`: the lab's; null while nobody has told them, which makes a failure of public names.
policy::NameAnswer server_answer(const ServerRecords& server, const policy::Names* names,
                                 const std::string& name, policy::RecordType type);

}  // namespace egress::dns
