; SPDX-License-Identifier: Apache-2.0
;
; Parts of a persistent global: a store within a volatile span is not recorded, one within a relaxed
; span goes to lane 1, one that leaves the span or whose place in it is unknown is persistent.
; RUN: %opt-perdure -passes="perdure-early,perdure-late,verify" -S %s | FileCheck %s
target triple = "x86_64-unknown-linux-gnu"

%settings = type { i32, i32, [4 x i64], i64 }
@settings = global %settings { i32 1, i32 2, [4 x i64] zeroinitializer, i64 3 }

; CHECK: @[[SPANS:perdure.*]] = private constant {{.*}} i64 4, i64 4

; CHECK-LABEL: @inVolatile(
; CHECK-NOT: perdure_record
; CHECK: ret void
define void @inVolatile() noinline optnone {
  store i32 7, ptr getelementptr (i8, ptr @settings, i64 4)
  ret void
}

; CHECK-LABEL: @besideVolatile(
; CHECK: call void @perdure_record(ptr {{.*}}, i64 4)
; CHECK: call void @perdure_record(ptr {{.*}}, i64 8)
; CHECK: ret void
define void @besideVolatile() noinline optnone {
  store i32 7, ptr @settings
  fence release ; keeps the two hooks apart
  store i64 7, ptr @settings
  ret void
}

; CHECK-LABEL: @inRelaxed(
; CHECK: call void @perdure_record_relaxed(ptr {{.*}}, i64 8)
; CHECK: call void @perdure_record_relaxed(ptr {{.*}}, i64 8)
; CHECK-NOT: call void @perdure_record(
; CHECK: ret void
define void @inRelaxed(i64 %i) noinline optnone {
  %constant = getelementptr %settings, ptr @settings, i64 0, i32 2, i64 1
  store i64 7, ptr %constant
  %variable = getelementptr %settings, ptr @settings, i64 0, i32 2, i64 %i
  store i64 7, ptr %variable
  ret void
}

; CHECK-LABEL: @outOfRelaxed(
; CHECK: call void @perdure_record(ptr {{.*}}, i64 8)
; CHECK: call void @perdure_record(ptr {{.*}}, i64 8)
; CHECK: call void @perdure_record(ptr {{.*}}, i64 32)
; CHECK-NOT: perdure_record_relaxed
; CHECK: ret void
define void @outOfRelaxed(i64 %bytes) noinline optnone {
  %behind = getelementptr %settings, ptr @settings, i64 0, i32 3
  store i64 7, ptr %behind
  fence seq_cst
  %anywhere = getelementptr i8, ptr @settings, i64 %bytes
  store i64 7, ptr %anywhere
  %first = getelementptr %settings, ptr @settings, i64 0, i32 2, i64 1
  call void @llvm.memset.p0.i64(ptr %first, i8 0, i64 32, i1 false)
  ret void
}
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)

!perdure.unit = !{!0}
!perdure.global = !{!1, !2, !3}
!0 = !{!"source", !"a.c"}
!1 = !{!"settings", !"persistent", !"settings", !"", !"0"}
!2 = !{!"settings", !"volatile-span", !"4", !"4"}
!3 = !{!"settings", !"relaxed-span", !"8", !"32"}
