// SPDX-License-Identifier: Apache-2.0
//
// The text protocol, a subset of memcached's. Values follow their command line and are as long as
// it says, so they may hold any bytes; requests may be sent without waiting for replies.
//
//   request  = ("get" | "gets") 1*(SP key) CRLF
//            | ("set" | "add") SP key SP flags SP exptime SP bytes CRLF value CRLF
//            | "cas" SP key SP flags SP exptime SP bytes SP version CRLF value CRLF
//            | "delete" SP key CRLF | "incr" SP key SP number CRLF
//            | "stats" CRLF | "check" CRLF | "quit" CRLF
//   exptime  = seconds from now; 0: never
#ifndef KV_PROTOCOL_H
#define KV_PROTOCOL_H

#include "buffer.h"

// Runs the complete requests in IN and appends the replies to OUT, until there is no complete one
// or OUT is longer than OUT_LIMIT. False when the connection is to be closed after what OUT holds.
bool protocol_run(struct buffer *in, struct buffer *out, size_t out_limit);

#endif
