// SPDX-License-Identifier: Apache-2.0
//
// Records what scattered reads wrote: readv, recvmsg and recvmmsg fill buffers that the caller
// names in arrays. Instrumented code calls these after the system call, with its result.
#include <algorithm>
#include <sys/socket.h>
#include <sys/uio.h>

#pragma GCC visibility push(default) // the program calls these
#include <perdure/abi.h>

extern "C" {

void perdure_record_iovec(const void *vectors, size_t count, size_t total) {
  const auto *vector = static_cast<const iovec *>(vectors);
  for (size_t i = 0; i < count && total > 0; ++i) {
    size_t size = std::min(vector[i].iov_len, total);
    perdure_record(vector[i].iov_base, size);
    total -= size;
  }
}

void perdure_record_message(const void *message, size_t total) {
  const auto *header = static_cast<const msghdr *>(message);
  perdure_record(header, sizeof *header);
  perdure_record_iovec(header->msg_iov, header->msg_iovlen, total);
  if (header->msg_name)
    perdure_record(header->msg_name, header->msg_namelen);
  if (header->msg_control)
    perdure_record(header->msg_control, header->msg_controllen);
}

void perdure_record_messages(const void *messages, size_t count) {
  const auto *message = static_cast<const mmsghdr *>(messages);
  for (size_t i = 0; i < count; ++i) {
    perdure_record(&message[i], sizeof message[i]);
    perdure_record_message(&message[i].msg_hdr, message[i].msg_len);
  }
}

} // extern "C"

#pragma GCC visibility pop
