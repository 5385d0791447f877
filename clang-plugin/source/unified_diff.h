// SPDX-License-Identifier: Apache-2.0
//
// Changes of a file as a unified diff. Where they are is known, so nothing is searched for.
#ifndef PERDURE_SOURCE_UNIFIED_DIFF_H
#define PERDURE_SOURCE_UNIFIED_DIFF_H

#include "edits.h"

namespace perdure {

// Hunks with three lines of context; PATH relative to the tree. Empty if nothing changes. LINES:
// adds the number of lines changed or inserted.
std::string unifiedDiff(llvm::StringRef Path, llvm::StringRef Original, const FileEdits &Edits,
                        unsigned &Lines);
// A file that was not there.
std::string addedFile(llvm::StringRef Path, llvm::StringRef Text);

} // namespace perdure

#endif
