; SPDX-License-Identifier: Apache-2.0
;
; A commit point defined here pauses the unit over its body; an external one around each call, on the
; unwinding edge too, and not on that of a call that shares the landing pad.
; RUN: %opt-perdure -passes="perdure-early,perdure-late,verify" -S %s | FileCheck %s
target triple = "x86_64-unknown-linux-gnu"

declare i32 @wait(i32)
declare void @other()
declare i32 @__gxx_personality_v0(...)

; CHECK-LABEL: @defined(
; CHECK-NEXT: call void @perdure_unit_pause()
; CHECK: call void @other()
; CHECK: call void @perdure_unit_resume()
; CHECK-NEXT: ret void
define void @defined() nounwind {
  call void @other()
  ret void
}

; CHECK-LABEL: @loop(
; CHECK-NOT: perdure_unit
; CHECK: call void @defined()
; CHECK-NEXT: call void @perdure_unit_pause()
; CHECK-NEXT: %n = call i32 @wait(i32 3)
; CHECK-NEXT: call void @perdure_unit_resume()
; CHECK-NEXT: call void @other()
; CHECK-NOT: perdure_unit
; CHECK: ret i32 %n
define i32 @loop() {
  call void @defined()
  %n = call i32 @wait(i32 3)
  call void @other()
  ret i32 %n
}

; CHECK-LABEL: @throwing(
; CHECK: invoke void @other()
; CHECK-NEXT: to label %next unwind label %[[OTHER:.*]]
; CHECK: call void @perdure_unit_pause()
; CHECK-NEXT: invoke i32 @wait
; CHECK-NEXT: to label %[[EDGE:.*]] unwind label %[[PAUSED:.*]]
; CHECK: [[EDGE]]:
; CHECK-NEXT: call void @perdure_unit_resume()
; CHECK: [[PAUSED]]:
; CHECK-NEXT: landingpad
; CHECK: call void @perdure_unit_resume()
; CHECK: [[OTHER]]:
; CHECK-NEXT: landingpad
; CHECK-NOT: perdure_unit
; CHECK: }
define i32 @throwing() personality ptr @__gxx_personality_v0 {
  invoke void @other() to label %next unwind label %pad
next:
  %n = invoke i32 @wait(i32 3) to label %done unwind label %pad
done:
  ret i32 %n
pad:
  %e = landingpad { ptr, i32 } cleanup
  resume { ptr, i32 } %e
}

!perdure.unit = !{!9}
!perdure.function = !{!0, !1}
!0 = !{!"defined", !"commit-point"}
!1 = !{!"wait", !"commit-point"}
!9 = !{!"strict", !"0"}
