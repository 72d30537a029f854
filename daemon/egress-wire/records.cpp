// SPDX-License-Identifier: MIT
#include "egress-wire/records.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "attached/attached.hpp"
#include "kernel/attachment/protocol.hpp"

namespace egress::wires {
namespace {

constexpr size_t kMostReaders = 8;

const char* name_of(PacketFate fate) {
  switch (fate) {
    case PacketFate::kPassed: return "passed";
    case PacketFate::kDenied: return "denied";
    case PacketFate::kLost: return "lost";
    case PacketFate::kDelayed: return "delayed";
    case PacketFate::kOverflow: return "overflow";
    case PacketFate::kUnsent: return "unsent";
  }
  return "";
}

bool wants(const settings::RecordFilter& filter, const std::string& wire) {
  return filter.wires.empty() ||
         std::find(filter.wires.begin(), filter.wires.end(), wire) != filter.wires.end();
}

}  // namespace

Result<std::unique_ptr<Records>> Records::listen(uv::Loop& loop, Bulletin& bulletin,
                                                 std::vector<Carrier*> carriers, NameOf name_of) {
  ASSIGN_OR_RETURN(UniqueFd socket, attached::listen_in_folder(kernel::kRecordsName));
  return std::unique_ptr<Records>(
      new Records(loop, bulletin, std::move(carriers), std::move(name_of), std::move(socket)));
}

Records::Records(uv::Loop& loop, Bulletin& bulletin, std::vector<Carrier*> carriers, NameOf name_of,
                 UniqueFd socket)
    : loop_(loop),
      bulletin_(bulletin),
      carriers_(std::move(carriers)),
      name_of_(std::move(name_of)),
      unrecorded_(carriers_.size()),
      socket_(std::move(socket)),
      poll_(loop, socket_.get(), [this] { accept_all(); }) {
  poll_.start();
}

void Records::accept_all() {
  while (true) {
    UniqueFd socket(::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket.valid()) return;
    if (readers_.size() == kMostReaders) continue;
    const int number = socket.get();
    Reader& reader = readers_[number];
    reader.socket = std::move(socket);
    reader.poll = std::make_unique<uv::Poll>(loop_, number, [this, number] { hear(number); });
    reader.poll->start();
  }
}

// Nothing is said but what is wanted, once.
void Records::hear(int number) {
  Reader& reader = readers_.at(number);
  const auto message = kernel::receive_message(number);
  if (!message.ok() && message.error().code == Errc::kBusy) return;
  auto filter = message.ok() ? settings::parse_record_filter(message->text)
                             : Result<settings::RecordFilter>(message.error());
  if (filter.ok() && !reader.filter) {
    reader.filter = *std::move(filter);
  } else {
    readers_.erase(number);
  }
  look_who_reads();
}

void Records::look_who_reads() {
  const bool any = std::any_of(readers_.begin(), readers_.end(),
                               [](const auto& each) { return each.second.filter.has_value(); });
  bulletin_.is_read.store(any, std::memory_order_relaxed);
}

void Records::deliver() {
  for (size_t each = 0; each < carriers_.size(); ++each) {
    Carrier& carrier = *carriers_[each];
    carrier.records().consume_all([this](const CarriedPacket& packet) { tell(packet); });
    const uint64_t missed = carrier.unrecorded() - unrecorded_[each];
    unrecorded_[each] += missed;
    for (auto& [number, reader] : readers_) reader.lost += missed;
  }
}

void Records::tell(const CarriedPacket& packet) {
  const settings::PacketRecord record{.at_ns = packet.at_ns,
                                      .wire = name_of_(packet.wire),
                                      .out = packet.out,
                                      .flow = packet.facts.flow,
                                      .length = packet.facts.length,
                                      .tcp_flags = packet.facts.tcp_flags,
                                      .sequence = packet.facts.sequence,
                                      .fate = name_of(packet.fate)};
  const std::string text = to_text(settings::WireRecord(record));
  for (auto& [number, reader] : readers_) {
    if (!reader.filter || !wants(*reader.filter, record.wire)) continue;
    const auto say = [&, socket = number](const std::string& words) {
      return kernel::send_message(socket, words).ok();
    };
    if (reader.lost != 0 &&
        say(to_text(settings::WireRecord(settings::LostRecords{reader.lost})))) {
      reader.lost = 0;
    }
    if (reader.lost != 0 || !say(text)) ++reader.lost;
  }
}

}  // namespace egress::wires
