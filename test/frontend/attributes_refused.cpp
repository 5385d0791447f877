// RUN: %perdure-cxx -fsyntax-only -Xclang -verify %s
struct made { made(); int x; };
struct ended { ~ended(); int x; };
int initial();

made &function() {
  [[perdure::persistent]] static made first; // expected-error {{a persistent root can't be function-local static 'first', which is constructed or destroyed at run time; move it out of the function}}
  [[perdure::persistent]] static int second = initial(); // expected-error {{function-local static 'second'}}
  [[perdure::persistent]] static ended third; // expected-error {{function-local static 'third'}}
  [[perdure::persistent]] static int fourth = 4;
  return first;
}
[[perdure::persistent]] int &reference = *new int; // expected-error {{'perdure::persistent' can't apply to reference 'reference'; name the object it refers to}}
[[perdure::persistent]] constexpr int constant = 1; // expected-error {{can't apply to constant 'constant'}}
[[perdure::persistent]] made global;
