// SPDX-License-Identifier: MIT
#pragma once

// nf_tables in small: runs transactions, refuses what the kernel refuses, and tells what happens to
// a packet under the few kinds of rules that the tests use.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "state/nft_update.hpp"

namespace egress::state {

class NftModel {
 public:
  // Fails the test with the kernel's objection. Steps that change nothing are refused too: they
  // would not move the generation.
  void run(const NftStep& step);

  // The rule that decides about a packet from `port` to `address`: "CHAIN: RULE" with the chain's
  // name in the table, for all base chains in order.
  std::string fate(const std::string& port, uint32_t address) const;
  // As nft would list it, for comparing.
  std::string text() const;
  NftPresent present() const;

 private:
  struct Chain {
    std::string hook{};
    std::vector<std::string> rules{};
    bool operator==(const Chain&) const = default;
  };
  struct Set {
    std::string declaration{};
    std::map<std::string, std::string> elements{};  // what it leads to by key
    bool operator==(const Set&) const = default;
  };
  struct State {
    std::map<std::string, Chain> chains{};
    std::map<std::string, Set> sets{};
    bool operator==(const State&) const = default;
  };

  void command(const std::string& line);
  void make(const std::string& kind, const std::string& name, const std::string& rest);
  void remove(const std::string& kind, const std::string& name);
  void change_elements(const std::string& verb, const std::string& name, const std::string& text);
  void change_rows(const NftElements& elements);
  void change_element(bool adds, const std::string& name, const std::string& element);
  bool is_named(const std::string& name, bool is_chain) const;
  void check_references() const;
  // Nothing when the chain ends without a verdict.
  std::optional<std::string> walk(const std::string& chain, const std::string& port,
                                  uint32_t address, uint32_t& mark) const;
  std::string target(const std::string& set, const std::string& key) const;
  std::string target(const std::string& set, uint32_t address) const;

  State state_{};
};

}  // namespace egress::state
