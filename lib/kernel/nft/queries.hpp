// SPDX-License-Identifier: MIT
#pragma once

// Small questions to nf_tables, asked by netlink directly: libnftables would fetch and print whole
// rulesets to answer them. Changing anything is context.hpp's part.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "kernel/netlink.hpp"
#include "state/nft_update.hpp"

namespace egress::kernel {

inline constexpr const char* kNftTableName = "egressd";  // its family is NFPROTO_IPV4

// `type` with its subsystem, `resource` 0 but for batches.
NlMessage nft_message(int type, int flags, int family, uint16_t resource = 0,
                      size_t room = NlMessage::kUsualRoom);

struct NftTableId {
  std::string family{};  // as nft spells it: "ip", "inet"
  std::string name{};
  uint64_t handle = 0;
};

class NftQueries {
 public:
  // Call in the target namespace.
  static Result<NftQueries> open();

  // Grows by one with every commit in the namespace, whoever makes it.
  Result<uint32_t> generation();
  Result<std::vector<NftTableId>> tables();
  // Chains, sets and maps of our table, anonymous ones left out. Call only when there is one.
  Result<state::NftPresent> present();
  // Packets by chain of our table, under its name there, for chains with one rule that counts.
  Result<std::map<std::string, uint64_t>> counters();

  NetlinkSocket& socket() { return socket_; }

 private:
  explicit NftQueries(NetlinkSocket socket) : socket_(std::move(socket)) {}
  NetlinkSocket socket_;
};

}  // namespace egress::kernel
