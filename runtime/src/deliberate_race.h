// SPDX-License-Identifier: Apache-2.0
//
// Marks a function that reads what other threads may be storing to, on purpose. ThreadSanitizer
// looks away in that function alone; each use says why what it may read does no harm.
#pragma once

#ifdef __has_feature
#if __has_feature(thread_sanitizer)
// no_sanitize("thread") would leave atomic operations instrumented.
#define PERDURE_DELIBERATE_RACE __attribute__((noinline, disable_sanitizer_instrumentation))
#endif
#endif
#ifndef PERDURE_DELIBERATE_RACE
#define PERDURE_DELIBERATE_RACE
#endif
