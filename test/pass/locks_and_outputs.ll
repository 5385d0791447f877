; SPDX-License-Identifier: Apache-2.0
;
; Locking a lock field bounds a unit, locking any other mutex does not; unlocking needs no change. A
; function that is no lock function is diagnosed. Each call of a gated output waits first. What sends past the gate is diagnosed,
; unless its caller is a gated output.
; RUN: %opt-perdure -passes="perdure-early,perdure-late,verify" -S %s 2>%t | FileCheck %s
; RUN: FileCheck --check-prefix=DIAGNOSED %s < %t
target triple = "x86_64-unknown-linux-gnu"

@lock = private constant [19 x i8] c"perdure.field:lock\00"
declare ptr @llvm.ptr.annotation.p0.p0(ptr, ptr, ptr, i32, ptr)
declare i32 @pthread_mutex_lock(ptr)
declare i32 @pthread_mutex_trylock(ptr)
declare i32 @pthread_mutex_unlock(ptr)
declare void @my_lock(ptr)
declare i32 @log(ptr)

declare i32 @io_uring_submit(ptr)

; DIAGNOSED-NOT: sends past
; DIAGNOSED: the lock field is passed to 'my_lock'
; DIAGNOSED-NOT: lock field
; DIAGNOSED: 'io_uring_submit' sends past the output gate, perhaps what is not durable yet; name it in the port file: gated_outputs: [io_uring_submit]
; DIAGNOSED-NOT: {{sends past|lock field}}

; CHECK-LABEL: @field(
; CHECK: call i32 @perdure_unit_mutex_lock(ptr %p)
; CHECK: call i32 @perdure_unit_mutex_trylock(ptr %p)
; CHECK: call i32 @pthread_mutex_unlock(ptr %p)
; CHECK: call void @my_lock(ptr %p)
define void @field(ptr %p) {
  %a = call ptr @llvm.ptr.annotation.p0.p0(ptr %p, ptr @lock, ptr null, i32 0, ptr null)
  %1 = call i32 @pthread_mutex_lock(ptr %a)
  %2 = call i32 @pthread_mutex_trylock(ptr %a)
  %3 = call i32 @pthread_mutex_unlock(ptr %a)
  call void @my_lock(ptr %a)
  ret void
}

; CHECK-LABEL: @otherMutex(
; CHECK: call i32 @pthread_mutex_lock(ptr %p)
; CHECK-NOT: perdure_unit
; CHECK: ret void
define void @otherMutex(ptr %p) {
  %1 = call i32 @pthread_mutex_lock(ptr %p)
  ret void
}

; CHECK-LABEL: @outputs(
; CHECK: call void @perdure_output_wait()
; CHECK-NEXT: call i32 @answer(ptr %p)
; CHECK-NEXT: call i32 @log(ptr %p)
; CHECK-NEXT: call void @perdure_output_wait()
; CHECK-NEXT: call i32 @answer(ptr %p)
; CHECK-NOT: perdure_output_wait
; CHECK: ret void
define void @outputs(ptr %p) {
  %1 = call i32 @answer(ptr %p)
  %2 = call i32 @log(ptr %p)
  %3 = call i32 @answer(ptr %p)
  ret void
}

define void @submits(ptr %p) {
  %1 = call i32 @io_uring_submit(ptr %p)
  ret void
}

define i32 @answer(ptr %p) {
  %1 = call i32 @io_uring_submit(ptr %p)
  ret i32 %1
}

!perdure.unit = !{!0}
!perdure.function = !{!1}
!0 = !{!"source", !"a.c"}
!1 = !{!"answer", !"gated-output"}
