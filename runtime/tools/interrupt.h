// SPDX-License-Identifier: Apache-2.0
//
// Ctrl-C and SIGTERM as a question that long commands ask, so that they end in order.
#pragma once

namespace perdure {

void catch_interrupts();
bool interrupted();

} // namespace perdure
