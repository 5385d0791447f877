; SPDX-License-Identifier: Apache-2.0
;
; A function's own stores and modelled calls go to the relaxed lane, a class given to a field stays;
; what it calls, and what is inlined into it later, keeps its own class.
; RUN: %opt-perdure -passes="perdure-early,always-inline,perdure-late" -S %s | FileCheck %s
target triple = "x86_64-unknown-linux-gnu"

declare i64 @read(i32, ptr, i64)

; CHECK-LABEL: @parse(
; CHECK: store i32 1, ptr %p
; CHECK: perdure_record_relaxed(ptr %p, i64 4)
; CHECK: call i64 @read(
; CHECK: call void @perdure_record_relaxed(ptr %p, i64 %
; CHECK: store i32 2, ptr %q
; CHECK: call void @perdure_record(ptr %q, i64 4)
define void @parse(ptr %p, ptr %q) minsize {
  store i32 1, ptr %p
  %n = call i64 @read(i32 0, ptr %p, i64 10)
  call void @publish(ptr %q)
  ret void
}

define void @publish(ptr %q) alwaysinline {
  store i32 2, ptr %q
  ret void
}

; CHECK-LABEL: @other(
; CHECK: perdure_record(ptr %p, i64 4)
define void @other(ptr %p) minsize {
  store i32 1, ptr %p
  ret void
}

!perdure.unit = !{!0}
!perdure.function = !{!1}
!0 = !{!"heap", !"annotated"}
!1 = !{!"parse", !"relaxed-stores"}
