// SPDX-License-Identifier: Apache-2.0
//
// Runs PROGRAM and prints how many instructions it executes in user mode between its first and its
// second breakpoint (int3), by stepping: exact, on machines without counters too, and with the
// pool at its address, which valgrind does not offer.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t child;

static void fail(const char *what) {
  perror(what);
  if (child > 0)
    kill(child, SIGKILL);
  exit(1);
}

// Lets the child run, or step, until it traps. True: at a breakpoint, not after a step.
static int go_on(enum __ptrace_request how) {
  int status;
  siginfo_t info;
  if (ptrace(how, child, NULL, NULL) != 0)
    fail("ptrace");
  if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP) {
    fputs("count_instructions: the program ended before its second breakpoint\n", stderr);
    exit(1);
  }
  if (ptrace(PTRACE_GETSIGINFO, child, NULL, &info) != 0)
    fail("ptrace");
  return info.si_code == SI_KERNEL;
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fputs("usage: count_instructions PROGRAM [ARGUMENT...]\n", stderr);
    return 2;
  }
  child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    execv(argv[1], argv + 1);
    _exit(127);
  }
  if (waitpid(child, NULL, 0) != child)
    fail("waitpid");
  while (!go_on(PTRACE_CONT))
    ;
  long count = -1; // the second breakpoint itself is a step
  do
    count++;
  while (!go_on(PTRACE_SINGLESTEP));
  printf("%ld\n", count);
  kill(child, SIGKILL);
}
