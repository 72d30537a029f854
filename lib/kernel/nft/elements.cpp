// SPDX-License-Identifier: MIT
#include "kernel/nft/elements.hpp"

#include <arpa/inet.h>
#include <linux/if.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "kernel/nft/queries.hpp"

namespace egress::kernel {
namespace {

using state::NftData;
using state::NftElements;
using state::NftElementsVerb;
using state::NftField;
using state::NftMap;
using state::NftRow;

// The list of a message is an attribute, whose length has 16 bits.
constexpr size_t kMessageRoom = 60000;
constexpr size_t kElementRoom = 512;  // no element of ours is larger

NlMessage message_to(int type, uint16_t resource, int flags, size_t room) {
  return nft_message(type, flags, NFPROTO_IPV4, resource, room);
}

// What nft writes behind an element that reaches the end of the numbers and so has no closing one.
constexpr std::array<uint8_t, 6> kOpenEnd = {1, 4, 1, 0, 0, 0};

class Batch {
 public:
  Batch() { messages_.push_back(message_to(NFNL_MSG_BATCH_BEGIN, NFNL_SUBSYS_NFTABLES, 0, 64)); }

  void change(const NftElements& elements) {
    elements_ = &elements;
    for (const NftRow& row : elements.rows) {
      if (is_pair_of_bounds()) {
        put_bounds(row);
      } else {
        put_tuple(row);
      }
    }
    close();
  }

  std::vector<NlMessage> take() {
    messages_.push_back(message_to(NFNL_MSG_BATCH_END, NFNL_SUBSYS_NFTABLES, 0, 64));
    return std::move(messages_);
  }

 private:
  const NftMap& map() const { return elements_->declared; }
  bool adds() const { return elements_->verb == NftElementsVerb::kAdd; }
  NlMessage& message() { return messages_.back(); }

  // Intervals of a single field are two elements; of several, one with two keys.
  bool is_pair_of_bounds() const { return map().interval && map().key.size() == 1; }

  void open() {
    const int type = adds() ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM;
    messages_.push_back(message_to((NFNL_SUBSYS_NFTABLES << 8) | type, 0,
                                   NLM_F_ACK | (adds() ? NLM_F_CREATE : 0), kMessageRoom));
    message().put(NFTA_SET_ELEM_LIST_TABLE, std::string(kNftTableName));
    message().put(NFTA_SET_ELEM_LIST_SET, elements_->map);
    list_ = message().open_nest(NFTA_SET_ELEM_LIST_ELEMENTS);
  }

  void close() {
    if (list_ == nullptr) return;
    message().close_nest(list_);
    list_ = nullptr;
  }

  nlattr* open_element() {
    if (list_ != nullptr && message().header()->nlmsg_len + kElementRoom > kMessageRoom) close();
    if (list_ == nullptr) open();
    return message().open_nest(NFTA_LIST_ELEM);
  }

  void put_bounds(const NftRow& row) {
    nlattr* start = open_element();
    put_key(NFTA_SET_ELEM_KEY, row.first);
    put_value(row);
    const bool open_ended = row.last[0] == std::numeric_limits<uint32_t>::max();
    if (open_ended && adds()) {
      message().put(NFTA_SET_ELEM_USERDATA, kOpenEnd.data(), kOpenEnd.size());
    }
    message().close_nest(start);
    if (open_ended) return;
    nlattr* end = open_element();
    message().put_u32(NFTA_SET_ELEM_FLAGS, htonl(NFT_SET_ELEM_INTERVAL_END));
    put_key(NFTA_SET_ELEM_KEY, {row.last[0] + 1});
    message().close_nest(end);
  }

  void put_tuple(const NftRow& row) {
    nlattr* element = open_element();
    put_key(NFTA_SET_ELEM_KEY, row.first);
    if (map().interval) put_key(NFTA_SET_ELEM_KEY_END, row.last);
    put_value(row);
    message().close_nest(element);
  }

  // Every field begins at a multiple of four bytes.
  void put_key(int attribute, const NftRow::Key& key) {
    std::array<uint8_t, NftRow::kMostFields * IFNAMSIZ> bytes{};
    size_t size = 0;
    for (size_t i = 0; i < map().key.size(); ++i) {
      size += NLA_ALIGN(put_field(bytes.data() + size, map().key[i], key[i]));
    }
    nlattr* nest = message().open_nest(attribute);
    message().put(NFTA_DATA_VALUE, bytes.data(), size);
    message().close_nest(nest);
  }

  // Marks and protocols are in host order, but marks not where intervals are compared byte by byte.
  // Returns the size of the field in bytes.
  size_t put_field(uint8_t* field, NftField kind, uint32_t value) const {
    switch (kind) {
      case NftField::kIifname:
      case NftField::kOifname: return store_name(field, map().interfaces.at(value));
      case NftField::kSaddr:
      case NftField::kDaddr: return store(field, htonl(value));
      case NftField::kSport:
      case NftField::kDport: return store(field, htons(static_cast<uint16_t>(value)));
      case NftField::kProtocol: return store(field, static_cast<uint8_t>(value));
      case NftField::kMark: return store(field, map().interval ? htonl(value) : value);
    }
    return 0;
  }

  static size_t store_name(uint8_t* field, const std::string& name) {
    std::memcpy(field, name.data(), std::min(name.size(), size_t{IFNAMSIZ - 1}));
    return IFNAMSIZ;
  }

  template <typename Number>
  static size_t store(uint8_t* field, Number number) {
    std::memcpy(field, &number, sizeof(number));
    return sizeof(number);
  }

  void put_value(const NftRow& row) {
    if (!adds() || map().data == NftData::kNone) return;
    nlattr* data = message().open_nest(NFTA_SET_ELEM_DATA);
    switch (map().data) {
      case NftData::kNone: break;
      case NftData::kVerdict: put_goto(map().chains.at(row.value)); break;
      case NftData::kMark: message().put_u32(NFTA_DATA_VALUE, row.value); break;
      case NftData::kAddress: message().put_u32(NFTA_DATA_VALUE, htonl(row.value)); break;
      case NftData::kZone: {
        const auto zone = static_cast<uint16_t>(row.value);
        message().put(NFTA_DATA_VALUE, &zone, sizeof(zone));
      }
    }
    message().close_nest(data);
  }

  void put_goto(const std::string& chain) {
    nlattr* verdict = message().open_nest(NFTA_DATA_VERDICT);
    message().put_u32(NFTA_VERDICT_CODE, htonl(static_cast<uint32_t>(NFT_GOTO)));
    message().put(NFTA_VERDICT_CHAIN, chain);
    message().close_nest(verdict);
  }

  std::vector<NlMessage> messages_{};
  const NftElements* elements_ = nullptr;
  nlattr* list_ = nullptr;
};

}  // namespace

Status change_elements(NetlinkSocket& socket, const std::vector<NftElements>& changes) {
  Batch batch;
  for (const NftElements& elements : changes) batch.change(elements);
  std::vector<NlMessage> messages = batch.take();
  return socket.batch(messages);
}

}  // namespace egress::kernel
