// SPDX-License-Identifier: Apache-2.0
//
// Registration of pins; see pins.h.
#include "pins.h"
#include <cstdlib>
#include <cxxabi.h>
#include <dlfcn.h>
#include <link.h>

namespace perdure {
namespace {

// A table of an unported library may have grown since the program was compiled; what the library
// expects behind its pointer is what its symbol says.
uint64_t size_of_target(const perdure_pin_info &info) {
  Dl_info object;
  void *found = nullptr;
  if (info.kind != PERDURE_PIN_TABLE || !dladdr1(info.target, &object, &found, RTLD_DL_SYMENT) ||
      object.dli_saddr != info.target)
    return info.size;
  const auto *symbol = static_cast<const ElfW(Sym) *>(found);
  return symbol && symbol->st_size > info.size ? symbol->st_size : info.size;
}

bool is_loaded(const void *target) {
  Dl_info object;
  return dladdr(target, &object) != 0;
}

Status two_of_a_name(const Pin &known, const perdure_module_info &module) {
  return Status::error(std::string("two ") + kind_of_pin(known.record.kind) +
                       "s are both called '" + name_of_pin(known.record.key) + "' (in '" +
                       known.source + "' and '" + module.source +
                       "'), so that pointers to them could not be told apart in a "
                       "pool: rename one, or compile one file with --perdure-unit=OTHER_NAME");
}

} // namespace

const char *kind_of_pin(uint32_t kind) {
  return kind == PERDURE_PIN_FUNCTION ? "function"
         : kind == PERDURE_PIN_TABLE  ? "virtual table"
                                      : "pinned variable";
}

std::string name_of_pin(const std::string &key) {
  const size_t symbol = key.rfind(':') == std::string::npos ? 0 : key.rfind(':') + 1;
  int status;
  char *text = abi::__cxa_demangle(key.c_str() + symbol, nullptr, nullptr, &status);
  if (!text)
    return key;
  const std::string name = key.substr(0, symbol) + text;
  std::free(text);
  return name;
}

const Pin *Pins::at(uint64_t address) const {
  auto found = pins_.find(address);
  return found == pins_.end() ? nullptr : &found->second;
}

const Pin *Pins::around(uint64_t address) const {
  auto after = pins_.upper_bound(address);
  if (after == pins_.begin())
    return nullptr;
  const Pin &pin = std::prev(after)->second;
  return address - pin.record.address < pin.record.size ? &pin : nullptr;
}

// One symbol that several modules see, each its own way: a declaration, an inline function, the
// definition, which knows best.
Status Pins::merge(Pin &known, const perdure_pin_info &info, const perdure_module_info &module,
                   std::vector<const Pin *> &changed) {
  const bool strong = info.flags & PERDURE_PIN_STRONG;
  const bool moved = !is_loaded(known.target); // its module was unloaded, and is here again
  if (strong && (known.flags & PERDURE_PIN_STRONG) && known.target != info.target && !moved)
    return two_of_a_name(known, module);
  // Among equals the least, so that the order of registration does not matter.
  const std::string signature = info.signature ? info.signature : "";
  std::string &best = known.record.signature;
  if (!signature.empty() &&
      (strong || best.empty() || (!(known.flags & PERDURE_PIN_STRONG) && signature < best)))
    best = signature;
  if (strong || moved) {
    if (known.target != info.target)
      changed.push_back(&known);
    known.target = info.target;
    known.flags = info.flags;
    known.source = module.source;
  }
  return Status::ok();
}

Status Pins::add(const perdure_module_info &module, bool late, std::vector<const Pin *> &changed) {
  for (uint64_t i = 0; i < module.pin_count; i++) {
    const perdure_pin_info &info = module.pins[i];
    const auto address = reinterpret_cast<uint64_t>(info.address);
    auto after = pins_.lower_bound(address);
    if (after != pins_.end() && after->first == address && after->second.record.key == info.key) {
      if (Status status = merge(after->second, info, module, changed); !status)
        return status;
      continue;
    }
    const uint64_t size = size_of_target(info);
    const Pin *clash = around(address);
    if (!clash && after != pins_.end() && after->first < address + size)
      clash = &after->second;
    if (clash)
      return Status::error(std::string(kind_of_pin(info.kind)) + " '" + name_of_pin(info.key) +
                           "' and '" + name_of_pin(clash->record.key) + "' (in '" + module.source +
                           "' and '" + clash->source +
                           "') were given overlapping addresses by their names: rename one");
    Pin pin{{info.key, info.signature ? info.signature : "", address, size, info.kind, late},
            info.target,
            info.flags,
            module.source};
    changed.push_back(&pins_.emplace(address, std::move(pin)).first->second);
  }
  return Status::ok();
}

} // namespace perdure
