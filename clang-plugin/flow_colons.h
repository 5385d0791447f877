// SPDX-License-Identifier: Apache-2.0
//
// LLVM 16's YAML scanner refuses a colon inside a plain scalar of a flow list, `[store.c:table,
// ns::name]`; YAML 1.2, and LLVM 19, end a scalar only at a colon before a blank. Port files name
// functions this way, so such colons are hidden from the scanner.
#ifndef PERDURE_FLOW_COLONS_H
#define PERDURE_FLOW_COLONS_H

#include <string>

#include "llvm/ADT/StringRef.h"

namespace perdure {

// Text with each of those colons replaced by a letter. Nothing moves: what the scanner finds at an
// offset is to be read from Text at the same one.
std::string hideFlowColons(llvm::StringRef Text);

} // namespace perdure

#endif
