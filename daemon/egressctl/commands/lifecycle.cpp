// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <utility>

#include "control/messages.hpp"
#include "egressctl/commands/commands.hpp"
#include "egressctl/render/render.hpp"
#include "lab/document.hpp"
#include "lab/resource_kinds.hpp"
#include "lab/yaml_text.hpp"
#include "lifecycle/operation.hpp"

namespace egress::ctl {

namespace {

int operate(const Context& context, const lifecycle::Operation& operation, const Wording& wording) {
  const Answer answer =
      with_lab(run_with_progress(context, "/v1/operations",
                                 control::to_json(control::OperationRequest{operation})),
               context.client);
  if (const Failure* failure = std::get_if<Failure>(&answer)) {
    return context.console.fail(*failure, exit_of(*failure, Purpose::kChange));
  }
  return report(context.console, std::get<Json>(answer), wording);
}

// What operations have left is written as JSON, which is YAML, and not how people write labs.
std::string for_people(const std::string& text) {
  const auto document = lab::Document::parse(text, nullptr, false);
  return document.is_object() ? lab::yaml_text(document) : text;
}

int export_lab(const Context& context) {
  const Console& console = context.console;
  const Answer answer = with_lab(context.client.get("/v1/lab"), context.client);
  if (const Failure* failure = std::get_if<Failure>(&answer)) {
    return console.fail(*failure, exit_of(*failure, Purpose::kQuestion));
  }
  const Json& lab = std::get<Json>(answer);
  console.print(lab, for_people(text_of(lab, "text")));
  const Json& files = member(lab, "files");
  if (console.is_for_machines() || !files.is_object()) return kDone;
  for (const auto& [path, text] : files.items()) {
    console.note(fmt::format("{}: named by the lab, and not in this text; -o json has it\n",
                             printable(path)));
  }
  return kDone;
}

constexpr const char* kExits =
    "Exit status: 0 done, 1 refused (nothing changed), 3 partly done: what is missing stands on\n"
    "standard error, and the daemon keeps trying.";

CLI::App* add_operation(CLI::App& app, const char* name, const char* purpose,
                        const std::string& details) {
  return add_command(app, kLifecycleGroup, name, purpose, (details + "\n" + kExits).c_str());
}

// A positional that is one of the operation's texts.
void add_text(CLI::App& command, const char* name, std::string& text, const char* purpose) {
  command.add_option(name, text, purpose)->required();
}

void add_subnet(CLI::App& command, lab::SubnetRef& subnet, const char* purpose) {
  command
      .add_option_function<std::string>(
          "VNET/SUBNET",
          [&subnet](const std::string& text) { subnet = control::parse_subnet(text).value(); },
          purpose)
      ->required()
      ->check(CLI::Validator(
          [](std::string& text) {
            const auto parsed = control::parse_subnet(text);
            return parsed.ok() ? std::string() : parsed.error().message;
          },
          ""));
}

void add_export(CLI::App& app, Action& chosen) {
  CLI::App* command = add_command(
      app, kLifecycleGroup, "export", "Print the lab in force as a lab file",
      "Applying it changes nothing. From the first operation on it is written anew: comments and\n"
      "layout of the file that was applied are gone, and anchors are written out.\n"
      "Example: egressctl export > lab.yaml\n"
      "Exit status: 0, 3 trouble.");
  when_chosen(*command, chosen, export_lab);
}

void add_scale(CLI::App& app, Action& chosen) {
  CLI::App* command = add_operation(
      app, "scale", "Give a plan more or fewer instances, or others",
      "Addresses of instances that go wait for the lab's releaseDelay before others get them.\n"
      "Examples:\n"
      "  egressctl scale plan --capacity 3\n"
      "  egressctl scale plan --sku P2v3");
  const auto scale = std::make_shared<lifecycle::Scale>();
  add_text(*command, "PLAN", scale->server_farm, "Server farm");
  command
      ->add_option_function<int>(
          "--capacity", [scale](const int& capacity) { scale->capacity = capacity; },
          "How many instances")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber.description(""));
  command
      ->add_option_function<std::string>(
          "--sku", [scale](const std::string& sku) { scale->sku = sku; }, "Of which size")
      ->type_name("SKU");
  when_chosen(*command, chosen, [scale](const Context& context) {
    if (!scale->capacity && !scale->sku) {
      return context.console.fail(
          {.code = "usage", .message = "scale takes --capacity, --sku or both"}, kUsage);
    }
    return operate(context, *scale, {"scaled", "partly scaled", scale->server_farm});
  });
}

void add_connect(CLI::App& app, Action& chosen) {
  CLI::App* command = add_operation(
      app, "connect", "Integrate an app with a subnet, which restarts it",
      "A subnet that is delegated to nothing is delegated to Microsoft.Web/serverFarms. Of an app\n"
      "that is integrated elsewhere, in place of that.\n"
      "Examples:\n"
      "  egressctl connect web spoke/integration\n"
      "  egressctl connect web spoke/more --create 10.1.3.0/27");
  const auto connect = std::make_shared<lifecycle::Connect>();
  add_text(*command, "SITE", connect->site, "App");
  add_subnet(*command, connect->subnet, "Subnet");
  command
      ->add_option_function<std::string>(
          "--create",
          [connect](const std::string& text) { connect->create = Ipv4Prefix::parse(text).value(); },
          "Make the subnet with this prefix, a /27 or larger")
      ->type_name("PREFIX")
      ->check(CLI::Validator(
          [](std::string& text) {
            const auto parsed = Ipv4Prefix::parse(text);
            return parsed.ok() ? std::string() : parsed.error().message;
          },
          ""));
  when_chosen(*command, chosen, [connect](const Context& context) {
    const std::string what = connect->site + " to " + connect->subnet.to_string();
    return operate(context, *connect, {"connected", "partly connected", what});
  });
}

void add_disconnect(CLI::App& app, Action& chosen) {
  CLI::App* command =
      add_operation(app, "disconnect", "Take an app out of its subnet, which restarts it",
                    "The subnet and its delegation stay.\n"
                    "Example: egressctl disconnect web");
  const auto disconnect = std::make_shared<lifecycle::Disconnect>();
  add_text(*command, "SITE", disconnect->site, "App");
  when_chosen(*command, chosen, [disconnect](const Context& context) {
    return operate(context, *disconnect, {"disconnected", "partly disconnected", disconnect->site});
  });
}

int delete_resource(const Context& context, const lifecycle::Delete& deletion) {
  if (const auto path = lab::path_of(deletion.kind, deletion.name); !path.ok()) {
    return context.console.fail(
        {.code = "usage", .message = path.error().message, .hint = "egressctl delete --help"},
        kUsage);
  }
  return operate(context, deletion,
                 {"deleted", "partly deleted", deletion.kind + " " + deletion.name});
}

void add_delete(CLI::App& app, Action& chosen) {
  CLI::App* command = add_operation(
      app, "delete", "Delete a resource of the lab",
      fmt::format(
          "KIND is one of {}.\n"
          "NAME of what stands in another resource begins with that one's: spoke/apps.\n"
          "An app that is deleted without disconnecting it leaves AppServiceLink behind on\n"
          "its subnet.\n"
          "Examples:\n"
          "  egressctl delete site web\n"
          "  egressctl delete subnet spoke/apps",
          wrapped(fmt::format("{}", fmt::join(lab::resource_kinds(), ", ")), 0, 80)));
  const auto deletion = std::make_shared<lifecycle::Delete>();
  add_text(*command, kKind, deletion->kind, "What it is");
  add_text(*command, "NAME", deletion->name, "Its name");
  when_chosen(*command, chosen,
              [deletion](const Context& context) { return delete_resource(context, *deletion); });
}

void add_set(CLI::App& app, Action& chosen) {
  CLI::App* command = add_operation(
      app, "set", "Change one property of the lab",
      "PATH is where it stands in the lab file, as findings name it; siteConfig. in it means the\n"
      "site's own property.\n"
      "Examples:\n"
      "  egressctl set sites.web.outboundVnetRouting.applicationTraffic true\n"
      "  egressctl set virtualNetworks.spoke.dnsServers '[10.0.2.4]'");
  const auto set = std::make_shared<lifecycle::Set>();
  add_text(*command, "PATH", set->path, "Which property");
  add_text(*command, "VALUE", set->value, "What stands there, in YAML");
  when_chosen(*command, chosen, [set](const Context& context) {
    return operate(context, *set, {"set", "partly set", set->path});
  });
}

void add_unset(CLI::App& app, Action& chosen) {
  CLI::App* command =
      add_operation(app, "unset", "Take one property out of the lab",
                    "Example: egressctl unset virtualNetworks.spoke.subnets.apps.routeTable");
  const auto unset = std::make_shared<lifecycle::Unset>();
  add_text(*command, "PATH", unset->path, "Which property");
  when_chosen(*command, chosen, [unset](const Context& context) {
    return operate(context, *unset, {"unset", "partly unset", unset->path});
  });
}

void add_swap(CLI::App& app, Action& chosen) {
  CLI::App* command = add_operation(
      app, "swap", "Exchange an app with one of its deployment slots, which restarts both",
      "What they run, dependencies and app settings change sides, but for the settings that\n"
      "slotConfigNames.appSettingNames lists. Integration, routing, identity, addresses, backup\n"
      "and logs stay.\n"
      "Example: egressctl swap web staging");
  const auto swap = std::make_shared<lifecycle::Swap>();
  add_text(*command, "SITE", swap->site, "App");
  add_text(*command, "SLOT", swap->slot, "Its slot");
  when_chosen(*command, chosen, [swap](const Context& context) {
    const std::string what = swap->site + " with " + swap->slot;
    return operate(context, *swap, {"swapped", "partly swapped", what});
  });
}

void add_purge(CLI::App& app, Action& chosen) {
  CLI::App* command = add_operation(
      app, "purge", "Take what deleted apps have left behind from a subnet",
      "Azure's purgeUnusedVirtualNetworkIntegration; egressctl status shows such links.\n"
      "Example: egressctl purge spoke/integration");
  const auto purge = std::make_shared<lifecycle::Purge>();
  add_subnet(*command, purge->subnet, "Subnet that no app uses");
  when_chosen(*command, chosen, [purge](const Context& context) {
    return operate(context, *purge, {"purged", "partly purged", purge->subnet.to_string()});
  });
}

}  // namespace

void add_lifecycle_commands(CLI::App& app, Action& chosen) {
  add_scale(app, chosen);
  add_connect(app, chosen);
  add_disconnect(app, chosen);
  add_delete(app, chosen);
  add_set(app, chosen);
  add_unset(app, chosen);
  add_purge(app, chosen);
  add_swap(app, chosen);
  add_export(app, chosen);
}

}  // namespace egress::ctl
