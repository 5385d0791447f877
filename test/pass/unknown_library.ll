; A library function without a model that may be given pool memory is diagnosed and its argument's
; block logged; one with `writes` follows its model; readers and other units are left alone.
; RUN: %opt-perdure -passes=perdure-late -S %s 2>%t | FileCheck %s
; RUN: FileCheck --check-prefix=DIAGNOSED %s < %t
; RUN: sed 's/"strict", !"0"/"strict", !"1"/' %s | not %opt-perdure -passes=perdure-late -S -o /dev/null - 2>&1 | FileCheck --check-prefix=DIAGNOSED %s
target triple = "x86_64-unknown-linux-gnu"

declare void @mystery(ptr)
declare i64 @modelled(ptr)
declare void @otherUnit(ptr)
declare i32 @puts(ptr)

; DIAGNOSED: 'mystery' (library) may write through argument 0
; DIAGNOSED-NOT: may write
; CHECK-LABEL: @calls(
; CHECK: call void @mystery(ptr %p)
; CHECK-NEXT: call void @perdure_record_object(ptr %p)
; CHECK: %[[N:.*]] = call i64 @modelled(ptr %p)
; CHECK: call void @perdure_record(ptr %p,
; CHECK: call void @otherUnit
; CHECK-NOT: perdure_record
; CHECK: ret void
define void @calls(ptr %p) {
  call void @mystery(ptr %p)
  %1 = call i64 @modelled(ptr %p)
  call void @otherUnit(ptr %p)
  %2 = call i32 @puts(ptr %p)
  ret void
}

!perdure.unit = !{!0}
!perdure.function = !{!1, !2, !3, !4}
!0 = !{!"strict", !"0"}
!1 = !{!"mystery", !"library"}
!2 = !{!"modelled", !"writes", !"0:ret"}
!3 = !{!"modelled", !"library"}
!4 = !{!"puts", !"library"}
