// SPDX-License-Identifier: MIT
#pragma once

// What egress-wire is to be in one namespace, what it is asked and what it tells, as texts. Equal
// values have equal texts.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "lab/impairment.hpp"
#include "lab/lab.hpp"
#include "policy/effective_rules.hpp"
#include "policy/network.hpp"
#include "policy/stage.hpp"

namespace egress::settings {

// The attachment that holds the lab's situation (situation_text.hpp), and what the names of the
// others begin with: that, and the link.
inline constexpr const char* kNetworkAttachment = "network";
inline constexpr const char* kWireAttachment = "wire-";
// Of one process that carries them.
inline constexpr size_t kMostWires = 1024;
// How many packets wait in a device for the process before the device drops them: so many that none
// is lost of 100,000 in a second while the process waits for a processor (500, the kernel's own
// number, lost some).
inline constexpr int kWireQueue = 4096;

// One end of a wire: a TUN device whose packets it carries to the other end and back.
struct WireEnd {
  std::string wire{};      // what the ends have in common: "plan/0 spoke/integration"
  bool in_worker = false;  // else in the virtual network
  std::string link{};      // the device's name
  lab::Integration integration{};
  // What follows is of the worker's end alone, and of both directions: the plan's own impairment,
  // and what is in its place until its time is over, which needs nobody to say so.
  std::optional<lab::Impairment> impairment{};
  std::optional<policy::Imposed> imposed{};
  bool operator==(const WireEnd&) const = default;
};
std::string to_text(const WireEnd& end);
std::string wire_name(const lab::Integration& integration);
// kInvalid says what is wrong with the text, here and below.
Result<WireEnd> parse_wire_end(const std::string& text);

// As the store keeps it, too.
std::string to_text(const lab::Impairment& impairment);
Result<lab::Impairment> parse_impairment(const std::string& text);

// For a WireReport.
struct Report {
  bool operator==(const Report&) const = default;
};
// The kernel is about to be changed, and has been: no disagreement counts between the two. Answered
// by an empty text.
struct Changing {
  bool operator==(const Changing&) const = default;
};
struct Settled {
  bool operator==(const Settled&) const = default;
};
// For so many packets of a held wire, in each direction; answered by StepsTaken.
struct Step {
  std::string wire{};
  int packets = 0;
  bool operator==(const Step&) const = default;
};
using WireQuestion = std::variant<Report, Changing, Settled, Step>;
std::string to_text(const WireQuestion& question);
Result<WireQuestion> parse_wire_question(const std::string& text);

struct StepsTaken {
  int out = 0;  // from the worker
  int in = 0;
  bool operator==(const StepsTaken&) const = default;
};
std::string to_text(const StepsTaken& taken);
Result<StepsTaken> parse_steps_taken(const std::string& text);

// What became of the packets of one direction, since the wire's two ends have met.
struct DirectionCounts {
  uint64_t packets = 0;   // carried; segments that pass as one packet count as one
  uint64_t bytes = 0;     // of these, IP headers included
  uint64_t denied = 0;    // dropped, as evaluator and kernel both deny them
  uint64_t lost = 0;      // by the impairment's loss
  uint64_t overflow = 0;  // for want of room to wait in
  uint64_t unsent = 0;    // the other end's device did not take it
  uint64_t waiting = 0;   // of the impairment's delay, now
  bool operator==(const DirectionCounts&) const = default;
};

// What came of the flows that left the worker.
struct FlowCounts {
  uint64_t asked = 0;
  uint64_t agreed = 0;
  uint64_t spared = 0;   // the kernel went on with what it had admitted before
  uint64_t untold = 0;   // not known: what the kernel did was not told, or is being changed
  uint64_t passed = 0;   // by the kernel, against the evaluator
  uint64_t dropped = 0;  // likewise
  bool operator==(const FlowCounts&) const = default;
};

// A flow of which evaluator and kernel think differently.
struct Disagreement {
  policy::Packet flow{};       // ICMP has its identifier for a source port
  bool kernel_passed = false;  // what the evaluator denies, or else dropped what it allows
  policy::DecidedBy decided_by{};
  std::string reason{};  // the evaluator's, one sentence
  int64_t at_ms = 0;     // of the machine's clock since 1970
  bool operator==(const Disagreement&) const = default;
};

struct OneWire {
  std::string wire{};
  bool carrying = false;  // both ends are there, and it is not held
  DirectionCounts out{};  // from the worker
  DirectionCounts in{};
  FlowCounts flows{};
  std::optional<lab::Impairment> impairment{};  // in force now, as the rest
  bool held = false;
  std::optional<int64_t> until_ms{};          // when what somebody has imposed ends by itself
  std::vector<Disagreement> disagreements{};  // the last few
  bool operator==(const OneWire&) const = default;
};

struct WireReport {
  uint32_t generation = 0;       // grows with each situation, once it goes by it
  std::string problem{};         // with the last of them, for which nothing is denied, or empty
  bool settled = false;          // disagreements count: from a second after Settled to Changing
  std::vector<OneWire> wires{};  // by name
  bool operator==(const WireReport&) const = default;
};
std::string to_text(const WireReport& report);
Result<WireReport> parse_wire_report(const std::string& text);

// Which wires' packets a reader of records wants; none: all wires'. Its first message.
struct RecordFilter {
  std::vector<std::string> wires{};
  bool operator==(const RecordFilter&) const = default;
};
std::string to_text(const RecordFilter& filter);
Result<RecordFilter> parse_record_filter(const std::string& text);

// One packet of IPv4, as it is carried or not.
struct PacketRecord {
  int64_t at_ns = 0;  // of the machine's clock since 1970
  std::string wire{};
  bool out = false;       // from the worker
  policy::Packet flow{};  // ports are 0 where they are not known, as of fragments
  uint16_t length = 0;    // of the IP packet
  uint8_t tcp_flags = 0;
  uint32_t sequence = 0;  // TCP's
  std::string fate{};     // "passed", "denied", "lost", "delayed", "overflow", "unsent"
  bool operator==(const PacketRecord&) const = default;
};
// In place of so many records that a slow reader has not had.
struct LostRecords {
  uint64_t count = 0;
  bool operator==(const LostRecords&) const = default;
};
using WireRecord = std::variant<PacketRecord, LostRecords>;
std::string to_text(const WireRecord& record);
Result<WireRecord> parse_wire_record(const std::string& text);

}  // namespace egress::settings
