// SPDX-License-Identifier: Apache-2.0
//
// Resources that run out at a step of the program; see limit.c.
#pragma once

void limit_at_phase(const char *phase, const char *pool);
