; A persistent global becomes a constant address in the root window; stores to it need no range
; check; its initial value and key go to the registration. Others stay.
; RUN: %opt-perdure -passes="perdure-early,perdure-late" -S %s | FileCheck %s
; RUN: %opt-perdure -passes="perdure-early,perdure-late,perdure-early,perdure-late" -S %s | FileCheck %s
target triple = "x86_64-unknown-linux-gnu"

; CHECK-NOT: @counter =
; CHECK: @ordinary = global i32 0
; CHECK: c"counter\00"
; CHECK: @perdure.initial = private constant i32 42
; CHECK: @perdure.note = private constant <{ i32, i32, i32, [8 x i8], i64 }> <{ i32 8, i32 8, i32 1, [8 x i8] c"perdure\00", i64 sub (i64 ptrtoint (ptr @perdure.module to i64), i64 ptrtoint ({{.*}}@perdure.note{{.*}})) }>, section ".note.perdure", align 4
; CHECK: @llvm.global_ctors = {{.*}} i32 1, ptr @perdure.register
@counter = global i32 42
@ordinary = global i32 0

; CHECK-LABEL: @update(
; CHECK: store i32 1, ptr inttoptr (i64 351{{[0-9]+}} to ptr)
; CHECK-NOT: icmp eq i64 %{{.*}}, 32
; CHECK: xaddq
; CHECK-NOT: xaddq
; CHECK: ret void
define void @update() {
  store i32 1, ptr @counter
  store i32 1, ptr @ordinary
  ret void
}

!perdure.unit = !{!0}
!perdure.global = !{!1}
!0 = !{!"source", !"a.c"}
!1 = !{!"counter", !"persistent", !"counter", !"", !"0"}
