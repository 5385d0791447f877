// SPDX-License-Identifier: Apache-2.0
//
// Signals at any instruction: steps one thread of a program by single instructions (ptrace) between
// two marks and delivers a signal at each K-th, whose handler stores to the pool, has a unit of its
// own and sends. Runs of the same program with other offsets reach the other instructions.
//
//   step EVERY OFFSET SECONDS PROGRAM ARGUMENT...
//
// The program raises SIGUSR2 at both marks, and SIGWINCH at the end of its handler, which runs at
// full speed. Prints how many instructions were stepped and how many signals were delivered; exit
// status: the program's, or 128 + the signal that ended it.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int status_of(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv) {
  if (argc < 5)
    return 2;
  const long every = atol(argv[1]), offset = atol(argv[2]);
  double deadline = 0; // from the first mark on
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    execvp(argv[4], argv + 4);
    _exit(127);
  }
  int status = 0, stepping = 0, handling = 0, deliver = 0;
  long steps = 0, signals = 0;
  waitpid(child, &status, 0);
  while (1) {
    if (ptrace(stepping && !handling ? PTRACE_SINGLESTEP : PTRACE_CONT, child, NULL,
               (void *)(long)deliver))
      return perror("ptrace"), 2;
    if (waitpid(child, &status, 0) < 0 || WIFEXITED(status) || WIFSIGNALED(status))
      break;
    const int signal = WSTOPSIG(status);
    deliver = 0;
    if (signal == SIGUSR2) {
      stepping = !stepping && deadline == 0;
      deadline = deadline == 0 ? now() + atof(argv[3]) : deadline;
    } else if (signal == SIGWINCH) {
      handling = 0;
    } else if (signal == SIGTRAP) {
      if (stepping && ++steps % every == offset % every) {
        deliver = SIGUSR1;
        handling = 1;
        signals++;
      }
      if (now() > deadline)
        stepping = 0;
    } else {
      deliver = signal;
    }
  }
  fprintf(stderr, "%ld instructions, %ld signals\n", steps, signals);
  return status_of(status);
}
