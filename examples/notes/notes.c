// SPDX-License-Identifier: Apache-2.0
#include <perdure/annotations.h>
#include <stdio.h>
#include <stdlib.h>

struct PERDURE_PERSISTENT note {
  struct note *next;
  char text[64];
};
PERDURE_PERSISTENT struct note *notes;

PERDURE_TRANSACTION void add_note(const char *text) {
  struct note *note = malloc(sizeof *note);
  snprintf(note->text, sizeof note->text, "%s", text);
  note->next = notes;
  notes = note;
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++)
    add_note(argv[i]);
  for (struct note *note = notes; note; note = note->next)
    puts(note->text);
}
