// What means nothing in the next run is warned of, unless the field says what it is.
// RUN: %perdure-cxx -fsyntax-only -Xclang -verify %s
#include <condition_variable>
#include <cstdio>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <pthread.h>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

struct inner { pthread_cond_t cond; }; // expected-warning {{field 'cond' of a persistent object is a wait queue of threads that are gone; mark it transient and set it after recovery, or move it out of the object}}
struct [[perdure::persistent]] item {
  pthread_mutex_t plain; // expected-warning {{field 'plain' of a persistent object is a lock that may come back held}}
  [[perdure::transient]] pthread_mutex_t said;
  [[perdure::lock]] std::mutex bound;
  std::mutex many[2]; // expected-warning {{field 'many'}}
  pthread_spinlock_t spin; // expected-warning {{field 'spin'}}
  pthread_t thread; // expected-warning {{field 'thread' of a persistent object is a handle of a thread that is gone}}
  FILE *file; // expected-warning {{field 'file' of a persistent object is an open file of a process that is gone}}
  int (*compare)(int);
  int (inner::*member)(int);
  std::function<void()> run; // expected-warning {{field 'run' of a persistent object is a function object that may keep its state in the ordinary heap}}
  inner nested;
  int fine;
  item *next;
};
struct [[perdure::persistent]] shape { virtual ~shape() = default; };
struct [[perdure::persistent]] failure : std::exception {}; // expected-warning {{persistent class 'failure' is derived from 'std::exception', whose library stores the address of its own virtual table, which moves; hold the object by pointer in a transient field}}
struct holder { std::runtime_error error; }; // expected-warning {{'error' is a 'std::runtime_error', whose library stores}}
struct owner { std::shared_ptr<int> count; std::unique_ptr<shape> shape; };
[[perdure::persistent]] std::vector<std::unique_ptr<shape>> shapes;
[[perdure::persistent]] std::map<int, std::vector<FILE *>> files; // expected-warning {{'files' holds elements in the pool of which each is an open file of a process that is gone; keep them in a container that is not persistent}}
[[perdure::persistent]] std::list<std::ostringstream> streams; // expected-warning {{'streams' is a 'std::basic_ostringstream', whose library stores}}
[[perdure::persistent]] std::vector<holder> errors;
[[perdure::persistent]] std::vector<owner> owners;
struct volatile_one { FILE *file; std::mutex m; };
struct state { std::condition_variable ready; }; // expected-warning {{field 'ready'}}
[[perdure::persistent]] state global;
volatile_one other;
