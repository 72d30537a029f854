// SPDX-License-Identifier: MIT
#pragma once

// One namespace's firewall: whether it is still the one we put there, replacing it, removing it.
//
// Theory of operation: the marker set's comment holds the digest of the contents and the generation
// that our commit produced. Every later commit by anybody moves the generation, so contents are
// ours exactly while the kernel's generation is the marker's. Within one process even the marker
// need not be read again until the generation moves, nor the generation be asked for while nobody
// was heard to commit. Our own commits are not listened to: the kernel would tell every element.

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kernel/netns_watch.hpp"
#include "kernel/nft/context.hpp"
#include "kernel/nft/queries.hpp"
#include "state/nft_update.hpp"

namespace egress::kernel {

class NetnsFirewall {
 public:
  // `netns_fd` is borrowed and must outlive this; `feed` as for NetnsWatch.
  static Result<NetnsFirewall> open(int netns_fd, int feed);

  // Nothing when there are no tables at all.
  Result<std::optional<state::Firewall>> observe();
  // Makes `desired` the only firewall, whatever is there.
  Status replace(const state::Firewall& desired, UsedNftContexts& used);
  // Removes every table.
  Status remove(UsedNftContexts& used);
  Result<std::map<std::string, uint64_t>> counters() { return queries_.counters(); }

 private:
  NetnsFirewall(int netns_fd, int feed, NftQueries queries)
      : netns_fd_(netns_fd), feed_(feed), queries_(std::move(queries)) {}

  struct Known {
    uint32_t generation = 0;
    std::optional<state::Firewall> firewall{};
    state::NftAliases names{};  // where the firewall's contents are known
  };

  Result<std::optional<state::Firewall>> read(uint32_t generation);
  Result<std::string> marker();
  Status run(const state::NftStep& step, UsedNftContexts& used);
  Status commit(const state::Firewall& desired, state::NftUpdate update, UsedNftContexts& used);
  // What cannot be taken back stays for the next change to remove.
  // `committed` is the generation after the last step that went well.
  void withdraw(const state::NftUpdate& failed, uint32_t committed, UsedNftContexts& used);
  Result<state::NftUpdate> over_the_unknown(const state::NftTable& desired);

  int netns_fd_;
  int feed_;
  NftQueries queries_;
  std::optional<NetnsWatch> watch_{};  // not while we commit
  std::optional<Known> known_{};
};

}  // namespace egress::kernel
