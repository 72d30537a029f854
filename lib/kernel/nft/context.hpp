// SPDX-License-Identifier: MIT
#pragma once

// libnftables, the only user of it: runs nft scripts, each one transaction. Made where it is needed
// and not used twice: its socket must have a low number (high_fd.hpp), its cache would go stale.

#include <deque>
#include <memory>
#include <string>

#include "base/result.hpp"

struct nft_ctx;

namespace egress::kernel {

class NftContext {
 public:
  // Call in the target namespace; it stays with it.
  static Result<NftContext> open();

  // All of it or nothing. The error carries nft's own words.
  Status run(const std::string& script);
  // What a listing command prints, as JSON text.
  Result<std::string> list(const std::string& command);

 private:
  struct Free {
    void operator()(nft_ctx* context) const;
  };
  explicit NftContext(nft_ctx* context) : context_(context) {}
  std::unique_ptr<nft_ctx, Free> context_;
};

// Contexts that have just committed. Closing one at once waits until what its commit deleted is
// freed (12 ms measured), so they are kept until that has happened by itself. While kept, each
// holds its namespace and a low descriptor: there are never many, and observing closes them all.
class UsedNftContexts {
 public:
  void keep(NftContext context);
  void close() { contexts_.clear(); }

 private:
  std::deque<NftContext> contexts_{};
};

}  // namespace egress::kernel
