// The macros vanish for other compilers, in C and C++.
// RUN: %clang -Wall -Wextra -Werror -I %perdure-include -fsyntax-only %s
// RUN: %clang -x c++ -Wall -Wextra -Werror -I %perdure-include -fsyntax-only %s
// RUN: gcc -Wall -Wextra -Werror -pedantic -I %perdure-include -fsyntax-only %s
// RUN: g++ -x c++ -Wall -Wextra -Werror -I %perdure-include -fsyntax-only %s
// RUN: %perdure-cc -Wall -Wextra -Werror -fsyntax-only %s
// RUN: %perdure-cxx -x c++ -Wall -Wextra -Werror -fsyntax-only %s
#include <perdure/annotations.h>
struct PERDURE_PERSISTENT item {
  PERDURE_RELAXED long time;
  PERDURE_TRANSIENT int references;
  PERDURE_RELAXED_BITS(8) PERDURE_TRANSIENT_BITS(16) unsigned flags;
};
PERDURE_PERSISTENT static struct item items[4];
PERDURE_LOCK int lock;
PERDURE_TRANSACTION PERDURE_ALLOCATES void f(void);
PERDURE_VOLATILE_HEAP PERDURE_RUN_THEN_RESTORE void g(void);
PERDURE_SKIP_IF_RECOVERED_RETURNING(1) int h(void);
PERDURE_SKIP_IF_RECOVERED PERDURE_RECOVERY PERDURE_RECOVER_BEFORE void i(void);
PERDURE_COMMIT_POINT PERDURE_GATED_OUTPUT PERDURE_WRITES("none") int j(void);
struct item *use(void);
struct item *use(void) { return items; }
