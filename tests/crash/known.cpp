// SPDX-License-Identifier: MIT
#include "tests/crash/known.hpp"

#include <iterator>
#include <vector>

#include "base/result.hpp"
#include "lab/document.hpp"
#include "lab/edit.hpp"
#include "lifecycle/transition.hpp"

namespace egress::crash {
namespace {

constexpr uint32_t kLargestCapacity = 4;
// Of a /27 or a /26: beyond that nothing is scaled, so that no subnet runs out.
constexpr size_t kManyWaiting = 8;

lab::SubnetRef subnet_named(const std::string& text) {
  const size_t slash = text.find('/');
  return {text.substr(0, slash), text.substr(slash + 1)};
}

Result<lab::Lab> edited(const lab::Lab& lab, const lifecycle::Operation& change) {
  ASSIGN_OR_RETURN(const lifecycle::Edits edits, lifecycle::edits_of(change, lab));
  if (edits.edits.empty()) return lab;
  lab::Loaded loaded = lab::edit(lab, edits.edits, nullptr);
  if (loaded.lab) return *std::move(loaded.lab);
  return Error{.code = Errc::kInvalid, .message = "no valid lab"};
}

// As the daemon writes it.
Result<LabPointer> file_of(lab::Lab lab, const LabFile& before) {
  if (lab == before.lab) return std::make_shared<const LabFile>(before);
  LabFile file{.name = "edited", .text = before.text, .lab = std::move(lab)};
  ASSIGN_OR_RETURN(file.text.text, lab::write(file.lab));
  return std::make_shared<const LabFile>(std::move(file));
}

class Draw {
 public:
  Draw(const lab::Lab& lab, std::mt19937_64& random) : lab_(lab), random_(random) {}

  lifecycle::Operation operation() {
    switch (below(6)) {
      case 0:
      case 1:
        return lifecycle::Scale{
            name_in(lab_.server_farms), 1 + static_cast<int>(below(kLargestCapacity)), {}};
      case 2: return lifecycle::Connect{name_in(lab_.sites), subnet(), {}};
      case 3: return lifecycle::Disconnect{name_in(lab_.sites)};
      case 4:
        if (below(2) == 0) return lifecycle::Delete{"subnet", subnet().to_string()};
        return lifecycle::Delete{"site", name_in(lab_.sites)};
      default: return lifecycle::Purge{subnet()};
    }
  }

 private:
  uint32_t below(size_t bound) { return static_cast<uint32_t>(random_() % bound); }
  template <typename T>
  std::string name_in(const lab::Named<T>& named) {
    return named.empty() ? "gone" : std::next(named.begin(), below(named.size()))->first;
  }
  lab::SubnetRef subnet() {
    std::vector<lab::SubnetRef> all = {{"gone", "gone"}};
    for (const auto& [vnet, declared] : lab_.virtual_networks) {
      for (const auto& [name, subnet] : declared.subnets) all.push_back({vnet, name});
    }
    return all[below(all.size())];
  }

  const lab::Lab& lab_;
  std::mt19937_64& random_;
};

}  // namespace

Result<InForce> in_force(const ctl::Client& client) {
  InForce found;
  const ctl::Answer lab = client.get("/v1/lab");
  if (const auto* failure = std::get_if<ctl::Failure>(&lab)) {
    if (failure->code == errc_name(Errc::kConflict)) return found;
    return Error{.code = Errc::kBug, .message = "lab: " + failure->message};
  }
  found.text.file = ctl::text_of(std::get<ctl::Json>(lab), "file");
  found.text.text = ctl::text_of(std::get<ctl::Json>(lab), "text");
  const ctl::Answer status = client.get("/v1/status");
  if (const auto* failure = std::get_if<ctl::Failure>(&status)) {
    return Error{.code = Errc::kBug, .message = "status: " + failure->message};
  }
  for (const auto& link : ctl::list_of(std::get<ctl::Json>(status), "serviceAssociationLinks")) {
    for (const std::string& site : ctl::texts_of(link, "deletedSites")) {
      found.orphans.insert(
          {subnet_named(ctl::text_of(link, "subnet")), ctl::text_of(link, "serverFarm"), site});
    }
  }
  ASSIGN_OR_RETURN(found.leases, leases_of(client));
  return found;
}

bool is_lab_of(const InForce& found, const Known& known) {
  if (known.lab == nullptr) return found.text.text.empty();
  const lab::LabText& text = known.lab->text;
  return found.text.file == text.file && found.text.text == text.text &&
         found.orphans == known.orphans;
}

std::string name_of(const Known& known) {
  return known.lab == nullptr ? "no lab" : known.lab->name;
}

Result<Known> after(const Operation& operation, const Known& before) {
  Known after = before;
  if (operation.kind == OperationKind::kDown) return Known{};
  if (operation.kind == OperationKind::kApply) {
    after.lab = operation.target;
  } else if (operation.kind == OperationKind::kChange) {
    ASSIGN_OR_RETURN(lab::Lab lab, edited(before.lab->lab, *operation.change));
    ASSIGN_OR_RETURN(after.lab, file_of(std::move(lab), *before.lab));
  } else {
    return after;
  }
  const lifecycle::State state{.orphans = before.orphans};
  const bool is_change = operation.change.has_value();
  auto judged = lifecycle::transition(
      {.before = before.lab == nullptr ? nullptr : &before.lab->lab,
       .after = after.lab->lab,
       .state = state,
       .cause = is_change ? lifecycle::Cause::kOperation : lifecycle::Cause::kApply,
       .operation = is_change ? &*operation.change : nullptr});
  if (const auto* refusals = std::get_if<std::vector<lifecycle::Refusal>>(&judged)) {
    return Error{.code = Errc::kConflict, .message = refusals->front().message};
  }
  after.orphans = std::move(std::get<lifecycle::Transition>(judged).next.orphans);
  return after;
}

std::optional<Operation> what_comes_first(const Operation& operation, const Known& before) {
  if (operation.kind != OperationKind::kApply || after(operation, before).ok()) return std::nullopt;
  for (const auto& [name, site] : before.lab->lab.sites) {
    if (site.virtual_network_subnet) {
      return Operation{.kind = OperationKind::kChange, .change = lifecycle::Disconnect{name}};
    }
  }
  if (before.orphans.empty()) return std::nullopt;
  return Operation{.kind = OperationKind::kChange,
                   .change = lifecycle::Purge{before.orphans.begin()->subnet}};
}

Operation random_change(const Known& known, std::mt19937_64& random) {
  Draw draw(known.lab->lab, random);
  for (;;) {
    Operation operation{.kind = OperationKind::kChange, .change = draw.operation()};
    const bool scales = std::holds_alternative<lifecycle::Scale>(*operation.change);
    if (scales && known.leases.waiting.size() > kManyWaiting) continue;
    if (after(operation, known).ok()) return operation;
  }
}

}  // namespace egress::crash
