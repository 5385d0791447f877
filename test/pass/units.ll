; A transaction begins at entry and ends at every exit, unwinding included; no store sinks below.
; RUN: %opt-perdure -passes="perdure-early,default<O2>" -S %s | FileCheck %s
target triple = "x86_64-unknown-linux-gnu"

declare void @mayThrow()

; CHECK-LABEL: @unit(
; CHECK: call void @perdure_unit_begin()
; CHECK: store i32 1, ptr %p
; CHECK: invoke void @mayThrow()
; CHECK: store i32 2, ptr %p
; CHECK: call void @perdure_unit_end()
; CHECK-NEXT: ret void
; CHECK: landingpad
; CHECK: call void @perdure_unit_end()
; CHECK: resume
define void @unit(ptr %p) {
  store i32 1, ptr %p
  call void @mayThrow()
  store i32 2, ptr %p
  ret void
}

; CHECK-LABEL: @plain(
; CHECK-NOT: perdure_unit
; CHECK: ret void
define void @plain() {
  call void @mayThrow()
  ret void
}

!perdure.function = !{!0}
!0 = !{!"unit", !"transaction"}
