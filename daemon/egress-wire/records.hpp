// SPDX-License-Identifier: MIT
#pragma once

// Tells those who connect to `.records` what becomes of packets. Who reads too slowly is told how
// many it has not been told of.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "egress-wire/carrier.hpp"
#include "settings/wire_text.hpp"
#include "uv/loop.hpp"

namespace egress::wires {

class Records {
 public:
  // The name of the wire that has a number.
  using NameOf = std::function<std::string(uint16_t wire)>;

  // Listens in the working directory. `bulletin` says to carriers whether anybody reads; all
  // outlive the object, which must be gone before the loop is.
  static Result<std::unique_ptr<Records>> listen(uv::Loop& loop, Bulletin& bulletin,
                                                 std::vector<Carrier*> carriers, NameOf name_of);
  Records(const Records&) = delete;
  Records& operator=(const Records&) = delete;

  // Hands on what carriers have written.
  void deliver();

 private:
  struct Reader {
    UniqueFd socket{};
    std::unique_ptr<uv::Poll> poll{};
    std::optional<settings::RecordFilter> filter{};  // none: it has not said yet
    uint64_t lost = 0;
  };
  Records(uv::Loop& loop, Bulletin& bulletin, std::vector<Carrier*> carriers, NameOf name_of,
          UniqueFd socket);
  void accept_all();
  void hear(int number);
  void look_who_reads();
  void tell(const CarriedPacket& packet);

  uv::Loop& loop_;
  Bulletin& bulletin_;
  std::vector<Carrier*> carriers_;
  NameOf name_of_;
  std::vector<uint64_t> unrecorded_;  // of each carrier, as readers know already
  std::map<int, Reader> readers_{};   // by the socket's number
  UniqueFd socket_;
  uv::Poll poll_;
};

}  // namespace egress::wires
