// SPDX-License-Identifier: Apache-2.0
//
// The runtime's part in pins: they are bound before the pool is opened, checked before it is
// changed, and written to it before the first epoch, so that no epoch holds a pointer to a pin
// whose name the pool does not know.
#include "heap_layout.h"
#include "pin_stub.h"
#include "pin_window.h"
#include "runtime.h"
#include <cstdio>
#include <cstdlib>

namespace perdure {
namespace {

// In place of a function whose module was loaded later in an earlier run, and is not there yet.
[[gnu::force_align_arg_pointer]] void call_of_missing_function() {
  const auto stub = reinterpret_cast<uint64_t>(__builtin_return_address(0)) - kStubCallEnd;
  std::fprintf(stderr,
               "perdure: '%s' was called through a pointer of an earlier run, but the module that "
               "has it is not loaded: load it before\n",
               Runtime::instance().name_of_late_pin(stub).c_str());
  std::abort();
}

} // namespace

Status Runtime::bind_pins() {
  Status status = map_pin_window();
  for (auto pin = pins_.all().begin(); status && pin != pins_.all().end(); ++pin)
    status = put_pin(pin->second);
  if (status)
    status = protect_pin_window();
  pins_bound_ = status.is_ok();
  return status;
}

Status Runtime::register_pins(const perdure_module_info &module) {
  std::vector<const Pin *> changed;
  if (Status status = pins_.add(module, started_, changed); !status)
    return status;
  for (const Pin *pin : changed)
    if (Status status = pins_bound_ ? put_pin(*pin) : Status::ok(); !status)
      return status;
  if (!started_ || mode() != Mode::kDurable || changed.empty())
    return Status::ok();
  if (Status status = check_pins(); !status)
    return status;
  return store_pins();
}

Status Runtime::check_pins() {
  auto *base = reinterpret_cast<std::byte *>(kBase);
  Result<std::vector<PinRecord>> known = PinTable(base, kPoolHost).read();
  if (!known)
    return known.status();
  std::vector<PinRecord> unfit = unfit_pins(*known, pins_);
  if (unfit.empty())
    return Status::ok();
  return check_not_stored(options_.path, unfit, pins_, base, *heap_, stored_spans());
}

Status Runtime::adopt_pins() {
  Result<std::vector<PinRecord>> known =
      PinTable(reinterpret_cast<std::byte *>(kBase), kPoolHost).read();
  if (!known)
    return known.status();
  late_pins_.clear();
  for (const PinRecord &record : *known)
    if (record.late && !pins_.around(record.address)) {
      late_pins_[record.address] = record;
      if (record.kind != PERDURE_PIN_FUNCTION)
        continue;
      if (Status status = put_missing_function(record.address, call_of_missing_function); !status)
        return status;
    }
  return store_pins();
}

Status Runtime::store_pins() {
  std::vector<PinRecord> records;
  for (const auto &[address, pin] : pins_.all())
    records.push_back(pin.record);
  for (const auto &[address, record] : late_pins_)
    if (!pins_.around(address))
      records.push_back(record);
  return PinTable(reinterpret_cast<std::byte *>(kBase), kPoolHost).replace(records);
}

std::string Runtime::name_of_late_pin(uint64_t address) const {
  auto found = late_pins_.find(address);
  return found == late_pins_.end() ? "?" : name_of_pin(found->second.key);
}

} // namespace perdure
