; SPDX-License-Identifier: Apache-2.0
;
; A transaction that leaves by a guaranteed tail call ends before it and says so; one whose invoke
; returns a value ends on both edges; one that cannot throw gets no landing pad; exactly one end
; stands on each path.
; RUN: %opt-perdure -passes="perdure-early,perdure-late,verify" -S %s 2>%t | FileCheck %s
; RUN: FileCheck --check-prefix=DIAGNOSED %s < %t
target triple = "x86_64-unknown-linux-gnu"

declare i32 @next(ptr)
declare i32 @mayThrow()
declare i32 @__gxx_personality_v0(...)

; DIAGNOSED: 'tail' leaves by a guaranteed tail call
; DIAGNOSED-NOT: tail call

; CHECK-LABEL: @tail(
; CHECK: call void @perdure_unit_begin()
; CHECK: call void @perdure_unit_end()
; CHECK-NEXT: musttail call i32 @next(ptr %p)
; CHECK-NEXT: ret i32
define i32 @tail(ptr %p) {
  %r = musttail call i32 @next(ptr %p)
  ret i32 %r
}

; CHECK-LABEL: @invokes(
; CHECK: call void @perdure_unit_begin()
; CHECK: %r = invoke i32 @mayThrow()
; CHECK: normal:
; CHECK: call void @perdure_unit_end()
; CHECK-NEXT: ret i32 %r
; CHECK: caught:
; CHECK-NEXT: landingpad
; CHECK-NOT: perdure_unit_end
; CHECK: store i32 5, ptr %p
; CHECK: call void @perdure_unit_end()
; CHECK-NEXT: ret i32 7
; CHECK-NOT: perdure_unit_end
; CHECK: }
define i32 @invokes(ptr %p) personality ptr @__gxx_personality_v0 {
  %r = invoke i32 @mayThrow() to label %normal unwind label %caught
normal:
  ret i32 %r
caught:
  %pad = landingpad { ptr, i32 } catch ptr null
  store i32 5, ptr %p
  ret i32 7
}

; CHECK-LABEL: @resumes(
; CHECK: cleanup
; CHECK: call void @perdure_unit_end()
; CHECK-NEXT: resume
define i32 @resumes() personality ptr @__gxx_personality_v0 {
  %r = invoke i32 @mayThrow() to label %normal unwind label %pad
normal:
  ret i32 %r
pad:
  %e = landingpad { ptr, i32 } cleanup
  resume { ptr, i32 } %e
}

; CHECK-LABEL: @cannotThrow(
; CHECK-NOT: landingpad
; CHECK: }
define i32 @cannotThrow() nounwind {
  %r = call i32 @mayThrow()
  ret i32 %r
}

!perdure.unit = !{!9}
!perdure.function = !{!0, !1, !2, !3}
!0 = !{!"tail", !"transaction"}
!1 = !{!"invokes", !"transaction"}
!2 = !{!"resumes", !"transaction"}
!3 = !{!"cannotThrow", !"transaction"}
!9 = !{!"strict", !"0"}
