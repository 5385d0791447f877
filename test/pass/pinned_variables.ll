; A pinned variable becomes a constant address in the pin window; a store to it is not hooked; its
; initial value goes to the registration. It may be constant. One that is not pinned stays.
; RUN: %opt-perdure -passes="perdure-early,perdure-late" -S %s | FileCheck %s
target triple = "x86_64-unknown-linux-gnu"

; CHECK-NOT: @type =
; CHECK: @ordinary = constant i32 1
; CHECK: @perdure.initial = private constant { i32, ptr } { i32 7, ptr inttoptr (i64 [[COMPARE:[0-9]+]] to ptr) }
; CHECK: [{ ptr, ptr, ptr, i64, ptr, i32, i32 } { ptr @perdure.text{{.*}}, ptr inttoptr (i64 [[COMPARE]] to ptr), ptr @compare
; CHECK-SAME: ptr inttoptr (i64 [[TYPE:37[0-9]+]] to ptr), ptr @perdure.initial, i64 16, ptr @perdure.text{{[.0-9]*}}, i32 3, i32 3 }
; CHECK-SAME: ptr null, i64 8, ptr @perdure.text{{[.0-9]*}}, i32 3, i32 2 }
@type = internal constant { i32, ptr } { i32 7, ptr @compare }
@cursor = global ptr null
@ordinary = constant i32 1
declare i32 @compare(ptr, ptr)

; CHECK-LABEL: define ptr @update(
; CHECK: store ptr inttoptr (i64 [[TYPE]] to ptr), ptr %object
; CHECK: xaddq
; CHECK: store ptr %object, ptr inttoptr (i64 [[CURSOR:37[0-9]+]] to ptr)
; CHECK-NOT: xaddq
; CHECK: ret ptr @ordinary
define ptr @update(ptr %object) {
  store ptr @type, ptr %object
  store ptr %object, ptr @cursor
  ret ptr @ordinary
}

!perdure.unit = !{!0}
!perdure.global = !{!1, !2}
!0 = !{!"source", !"a.c"}
!1 = !{!"type", !"pinned", !"a.c:type", !"type", !"1"}
!2 = !{!"cursor", !"pinned", !"cursor", !"void*", !"0"}
