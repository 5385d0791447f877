// An attribute in the wrong place says where it belongs and what it is for.
// RUN: %perdure-cc -std=c2x -fsyntax-only -ferror-limit=0 -Xclang -verify=expected,llvm-%llvm-major %s

[[perdure::persistent]] void f(void); // expected-error {{'perdure::persistent' applies only to struct, class and union types and global variables; it says that objects of a type, or a global variable, live in the pool}}
[[perdure::transaction]] int g; // expected-error {{'perdure::transaction' applies only to functions; it says that a function's updates become durable together}}
struct [[perdure::relaxed]] s { // expected-error {{'perdure::relaxed' applies only to global variables and fields}}
  [[perdure::relaxed]] int bit : 3; // expected-error {{'perdure::relaxed' can't apply to bit-field 'bit', which shares its bytes with its neighbours}}
  [[perdure::relaxed_bits(6)]] float ratio; // expected-error {{'perdure::relaxed_bits' applies only to integer fields}}
  [[perdure::relaxed_bits(0)]] int none; // llvm-19-error {{the mask of 'perdure::relaxed_bits' has no bits}} llvm-16-error {{this version of Clang reads no arguments of 'perdure::relaxed_bits' in brackets; write __attribute__((perdure_relaxed_bits(...)))}}
  [[perdure::relaxed_bits]] int missing; // expected-error {{takes one argument}}
  __attribute__((perdure_transient_bits(0xff000000u))) unsigned fine;
};
enum [[perdure::persistent]] e { one }; // expected-error {{'perdure::persistent' applies only to}}
[[perdure::persistent]] _Thread_local int t; // expected-error {{'perdure::persistent' can't apply to thread-local variable 't': every thread has its own, at another address; make it an ordinary global}}
[[perdure::persistent]] const int c = 1; // expected-error {{'perdure::persistent' can't apply to constant 'c': nothing is ever stored to it}}
[[perdure::pinned]] _Thread_local int pt; // expected-error {{'perdure::pinned' can't apply to thread-local variable 'pt': every thread has its own, at another address}}
[[perdure::pinned]] const int pc = 1;
[[perdure::pinned]] void pf(void); // expected-error {{'perdure::pinned' applies only to global variables; it says that a variable has the same address in every run, so that persistent objects may point to it}}
[[perdure::pinned]] [[perdure::persistent]] int both; // expected-error {{a persistent variable has the same address in every run already; drop 'pinned', or the other mark}}
void h(__attribute__((perdure_persistent)) int parameter) { // expected-error {{'perdure_persistent' applies only to}}
  [[perdure::persistent]] int local; // expected-error {{'perdure::persistent' applies only to}}
}
[[perdure::writes("1;ret")]] long w(void *, void *); // llvm-16-error {{reads no arguments of 'perdure::writes' in brackets}} llvm-19-error {{'1;ret' is no model of what a function writes; it is "none" or ARGUMENT:LENGTH}}
[[perdure::skip_if_recovered(g)]] int k(void); // llvm-16-error {{reads no arguments of 'perdure::skip_if_recovered' in brackets}} llvm-19-error {{the argument of 'perdure::skip_if_recovered' must be an integer constant}}
[[writes("none")]] int unscoped(void); // expected-error {{unknown attribute 'writes'; write 'perdure::writes'}}
// Clang 16 drops such an argument; the function would then return 0.
[[perdure::skip_if_recovered(7)]] int seven(void); // llvm-16-error {{reads no arguments of 'perdure::skip_if_recovered' in brackets}}
#define SEVEN [[perdure::skip_if_recovered(7)]]
SEVEN int seven_too(void); // llvm-16-error {{reads no arguments of 'perdure::skip_if_recovered' in brackets}}
[[perdure::skip_if_recovered]] int zero(void);
