// Intent: "ignore" and "default" are no handlers to call, even where the program says that its handler
// takes three arguments.
//
// RUN: rm -rf %t && mkdir %t && cp %s %t/unit.c && cd %t
// RUN: %perdure-port-one unit.c -- -I %perdure-include
// RUN: gcc -I %perdure-include out/unit.c -o program -L %perdure-lib -Wl,-rpath,%perdure-lib -lperdure
// RUN: env PERDURE_POOL=pool ./program | FileCheck %s
// CHECK: ignored, then default
#include <perdure/annotations.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

PERDURE_PERSISTENT long stored;

int main(void) {
  long *place = &stored;
  *place = 1;
  struct sigaction action = {.sa_flags = SA_SIGINFO}, known;
  action.sa_handler = SIG_IGN;
  sigaction(SIGUSR1, &action, NULL);
  raise(SIGUSR1);
  action.sa_handler = SIG_DFL;
  sigaction(SIGURG, &action, NULL);
  raise(SIGURG);
  sigaction(SIGUSR1, NULL, &known);
  int ignored = known.sa_handler == SIG_IGN;
  sigaction(SIGURG, NULL, &known);
  if (ignored && known.sa_handler == SIG_DFL)
    puts("ignored, then default");
  return 0;
}
