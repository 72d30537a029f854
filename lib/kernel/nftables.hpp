// SPDX-License-Identifier: MIT
#pragma once

// libnftables, the only user of it: runs nft scripts, each one transaction. Made where it is needed
// and thrown away: its socket must have a low number (high_fd.hpp), and its cache would go stale.

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

}  // namespace egress::kernel
