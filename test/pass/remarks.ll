; SPDX-License-Identifier: Apache-2.0
;
; Remarks say of each store whether it is hooked and why not.
; RUN: %opt-perdure -passes=perdure-late -S -o /dev/null -pass-remarks=perdure -pass-remarks-missed=perdure %s 2>&1 | FileCheck %s
; RUN: %opt-perdure -passes=perdure-late -S -o /dev/null %s 2>&1 | count 0
target triple = "x86_64-unknown-linux-gnu"

@ordinary = global i32 0

; CHECK: hooked 4-byte store
; CHECK: not hooked: provably volatile: stack
; CHECK: not hooked: provably volatile: ordinary global
; CHECK: hooked 8-byte store
; CHECK: hooked with a store to the same object that always follows
; CHECK-NOT: hooked
define void @f(ptr %p) {
  %slot = alloca i32
  store i32 1, ptr %p
  ret void
}
define void @g() {
  %slot = alloca i32
  store i32 1, ptr %slot
  ret void
}
define void @h() {
  store i32 1, ptr @ordinary
  ret void
}
define void @merged(ptr %p) {
  %second = getelementptr i8, ptr %p, i64 4
  store i32 1, ptr %p
  store i32 1, ptr %second
  ret void
}
