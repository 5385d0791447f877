// SPDX-License-Identifier: Apache-2.0
//
// Library functions by what they mean to a port.
#pragma once

#include <string>

namespace perdure::propose {

bool allocates(const std::string &name);        // malloc and its kin
bool waits_for_events(const std::string &name); // an event loop's wait
bool waits_for_input(const std::string &name);  // of a program without one
bool sleeps(const std::string &name);           // anything else that may take long
bool sends(const std::string &name);            // what the output gate knows
bool prints(const std::string &name);           // what it does not
bool reads_files(const std::string &name);
bool forks(const std::string &name);
bool takes_lock(const std::string &name); // a function that a lock is passed to
bool gives_lock_back(const std::string &name);
bool waits_with_lock(const std::string &name); // for a condition

} // namespace perdure::propose
