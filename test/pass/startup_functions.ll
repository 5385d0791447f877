; SPDX-License-Identifier: Apache-2.0
;
; skip-if-recovered returns its value at entry, whatever the type; run-then-restore saves at entry and
; restores at each exit; recovery functions run at the entry of the one before which they belong.
; RUN: %opt-perdure -passes="perdure-early,perdure-late,verify" -S %s | FileCheck %s
target triple = "x86_64-unknown-linux-gnu"

; The unit that defines the recovery function hands it to the runtime.
; CHECK: constant [1 x ptr] [ptr @recover]

declare void @work()

; CHECK-LABEL: @skipInt(
; CHECK: call i32 @perdure_is_recovered()
; CHECK: br i1
; CHECK: ret i32 -7
; CHECK: call void @work()
define i32 @skipInt() {
  call void @work()
  ret i32 0
}

; CHECK-LABEL: @skipVoid(
; CHECK: call i32 @perdure_is_recovered()
; CHECK: ret void
; CHECK: call void @work()
define void @skipVoid() {
  call void @work()
  ret void
}

; CHECK-LABEL: @skipPointer(
; CHECK: call i32 @perdure_is_recovered()
; CHECK: ret ptr null
; CHECK: call void @work()
define ptr @skipPointer() {
  call void @work()
  ret ptr @skipPointer
}

; CHECK-LABEL: @restored(
; CHECK: %[[SAVED:.*]] = call ptr @perdure_restore_begin()
; CHECK: call void @perdure_restore_end(ptr %[[SAVED]])
; CHECK-NEXT: ret i32 1
; CHECK: call void @perdure_restore_end(ptr %[[SAVED]])
; CHECK-NEXT: ret i32 2
define i32 @restored(i1 %c) nounwind {
  br i1 %c, label %yes, label %no
yes:
  ret i32 1
no:
  ret i32 2
}

; CHECK-LABEL: @after(
; CHECK-NEXT: call void @perdure_run_recovery()
; CHECK-NEXT: call void @work()
define void @after() {
  call void @work()
  ret void
}

; CHECK-LABEL: @plain(
; CHECK-NOT: perdure
; CHECK: }
define i32 @plain() {
  call void @work()
  ret i32 0
}

!perdure.unit = !{!9}
!perdure.function = !{!0, !1, !2, !3, !4, !5}
!0 = !{!"skipInt", !"skip-if-recovered", !"-7"}
!1 = !{!"skipVoid", !"skip-if-recovered"}
!2 = !{!"skipPointer", !"skip-if-recovered", !"0"}
!3 = !{!"restored", !"run-then-restore"}
!4 = !{!"after", !"run-recovery"}
!5 = !{!"recover", !"recovery"}
!9 = !{!"strict", !"0"}

define void @recover() {
  ret void
}
