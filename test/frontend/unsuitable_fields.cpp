// What means nothing in the next run is warned of, unless the field says what it is.
// RUN: %perdure-cxx -fsyntax-only -Xclang -verify %s
#include <condition_variable>
#include <cstdio>
#include <functional>
#include <mutex>
#include <pthread.h>
#include <thread>

struct inner { pthread_cond_t cond; }; // expected-warning {{field 'cond' of a persistent object is a wait queue of threads that are gone; mark it transient and set it after recovery, or move it out of the object}}
struct [[perdure::persistent]] item {
  pthread_mutex_t plain; // expected-warning {{field 'plain' of a persistent object is a lock that may come back held}}
  [[perdure::transient]] pthread_mutex_t said;
  [[perdure::lock]] std::mutex bound;
  std::mutex many[2]; // expected-warning {{field 'many'}}
  pthread_spinlock_t spin; // expected-warning {{field 'spin'}}
  pthread_t thread; // expected-warning {{field 'thread' of a persistent object is a handle of a thread that is gone}}
  FILE *file; // expected-warning {{field 'file' of a persistent object is an open file of a process that is gone}}
  int (*compare)(int); // expected-warning {{field 'compare' of a persistent object is an address of code, which moves when the program is rebuilt}}
  std::function<void()> run; // expected-warning {{field 'run'}}
  inner nested;
  int fine;
  item *next;
};
struct [[perdure::persistent]] shape { virtual ~shape() = default; }; // expected-warning {{persistent class 'shape' has virtual functions: its objects hold the address of a table that moves when the program is rebuilt}}
struct volatile_one { FILE *file; std::mutex m; };
struct state { std::condition_variable ready; }; // expected-warning {{field 'ready'}}
[[perdure::persistent]] state global;
volatile_one other;
