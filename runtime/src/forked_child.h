// SPDX-License-Identifier: Apache-2.0
//
// A forked child maps the image file privately: of a page that neither process has written it sees
// what the file has. So the file must not change while such a child lives, unless the child has
// made copies of all those pages. Copying costs memory and time, and most children end or exec()
// soon; so it is asked for when the log gets short of space, by a message through the link that
// parent and child share, and done by a thread of the child's.
#pragma once

#include "durable_image.h"
#include <cstdint>

namespace perdure {

// Two descriptors, [0] the parent's, [1] the child's; -1 if there are none left.
struct ChildLink {
  int ends[2] = {-1, -1};
  void open();
};

// Parent, after fork(): ends the checkpoint's pause (which the caller began) when the child shares
// no page with the file any more: it and all that it forked have ended or replaced themselves, or
// it says so. Takes the link over. Errors: no descriptor: says so, and ends the pause.
void pause_for_child(ChildLink link, DurableImage *image);

// Child, after fork(): tells its number and serves the parent's wish. IMAGE_FD, which this takes
// over, and IMAGE_BYTES: what the working image maps.
void serve_parent(ChildLink link, int image_fd, uint64_t image_bytes);

// Around a fork() of the child's own. The grandchild would share pages of which the child's answer
// says nothing, so there is none from then on.
void child_forks();
void child_has_forked();

// In the child of a child that ends right after its fork(): it answers in the other's place.
void take_place_of_child();
// The descriptor that tells the parent that this child lives; -1: none. To be left open.
int child_link();

// Gives this process a copy of each page in the first BYTES of the slot that it shares with file
// FD, without changing one. Other threads may run. False: not all could be copied.
bool copy_shared_pages(int fd, uint64_t bytes);

} // namespace perdure
