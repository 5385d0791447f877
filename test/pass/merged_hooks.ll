; SPDX-License-Identifier: Apache-2.0
;
; Neighbouring stores to one object get one hook, after the last; nothing that another thread, a cut
; or a caller could act on may stand between them.
; RUN: %opt-perdure -passes=perdure-late -S %s | FileCheck %s
target triple = "x86_64-unknown-linux-gnu"

declare void @unlock()

; CHECK-LABEL: @neighbours(
; CHECK: store i64 3
; CHECK-NEXT: call void @perdure_record(ptr %p, i64 24)
; CHECK-NOT: perdure_record
; CHECK: ret void
define void @neighbours(ptr %p) noinline optnone {
  %second = getelementptr i8, ptr %p, i64 8
  %third = getelementptr i8, ptr %p, i64 16
  store i64 2, ptr %second
  store i64 1, ptr %p
  store i64 3, ptr %third
  ret void
}

; A small gap is covered too, a large one is not.
; CHECK-LABEL: @gaps(
; CHECK: call void @perdure_record(ptr %p, i64 20)
; CHECK: call void @perdure_record(ptr %far, i64 8)
define void @gaps(ptr %p) noinline optnone {
  %near = getelementptr i8, ptr %p, i64 16
  %far = getelementptr i8, ptr %p, i64 64
  store i32 1, ptr %p
  store i32 2, ptr %near
  store i64 3, ptr %far
  ret void
}

; CHECK-LABEL: @callBetween(
; CHECK: call void @perdure_record(ptr %p, i64 8)
; CHECK: call void @unlock()
; CHECK: call void @perdure_record(ptr %second, i64 8)
define void @callBetween(ptr %p) noinline optnone {
  %second = getelementptr i8, ptr %p, i64 8
  store i64 1, ptr %p
  call void @unlock()
  store i64 2, ptr %second
  ret void
}

; The store between may publish the object.
; CHECK-LABEL: @otherObjectBetween(
; CHECK: call void @perdure_record(ptr %p, i64 8)
; CHECK: call void @perdure_record(ptr %q, i64 8)
; CHECK: call void @perdure_record(ptr %second, i64 8)
define void @otherObjectBetween(ptr %p, ptr %q) noinline optnone {
  %second = getelementptr i8, ptr %p, i64 8
  store i64 1, ptr %p
  store ptr %p, ptr %q
  store i64 2, ptr %second
  ret void
}

; The stack is private.
; CHECK-LABEL: @stackBetween(
; CHECK: call void @perdure_record(ptr %p, i64 16)
; CHECK-NOT: perdure_record
; CHECK: ret void
define void @stackBetween(ptr %p) noinline optnone {
  %slot = alloca i64
  %second = getelementptr i8, ptr %p, i64 8
  store i64 1, ptr %p
  store i64 1, ptr %slot
  store i64 2, ptr %second
  ret void
}

; CHECK-LABEL: @atomicBetween(
; CHECK: call void @perdure_record(ptr %p, i64 8)
; CHECK: store atomic
; CHECK: call void @perdure_record(ptr %second, i64 8)
; CHECK: call void @perdure_record(ptr %third, i64 8)
define void @atomicBetween(ptr %p) noinline optnone {
  %second = getelementptr i8, ptr %p, i64 8
  %third = getelementptr i8, ptr %p, i64 16
  store i64 1, ptr %p
  store atomic i64 2, ptr %second release, align 8
  store i64 3, ptr %third
  ret void
}
