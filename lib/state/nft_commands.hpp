// SPDX-License-Identifier: MIT
#pragma once

// An nft script under construction, a method per nft command. What has to come before what is the
// business of who writes it (nft_steps.cpp).

#include <string>
#include <utility>

#include "state/nft_table.hpp"

namespace egress::state {

class NftCommands {
 public:
  void declare(const std::string& name, const NftMap& map);
  void declare(const std::string& name, const NftChain& chain);
  void flush_chain(const std::string& name) { command("flush", "chain", name); }
  void remove(const char* kind, const std::string& name) { command("delete", kind, name); }
  // The rows of `map`; `verb` is "add" or "delete".
  void change_elements(const char* verb, const std::string& name, const NftMap& map);
  void add_rules(const std::string& name, const NftChain& chain);
  // Makes the marker set anew with this comment.
  void mark(const std::string& marker);

  size_t size() const { return text_.size(); }  // in bytes, since the last take()
  std::string take() { return std::exchange(text_, {}); }

 private:
  void command(const char* verb, const char* kind, const std::string& rest);

  std::string text_{};
};

}  // namespace egress::state
