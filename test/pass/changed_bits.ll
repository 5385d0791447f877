; SPDX-License-Identifier: Apache-2.0
;
; A store changes only some bits if its value comes from a load of the same place with no write on the
; way, also where the load stands before a branch. A write between, another place, a join of two
; paths or a wider mask make it persistent.
; RUN: %opt-perdure -passes="perdure-early,perdure-late,verify" -S %s | FileCheck %s
target triple = "x86_64-unknown-linux-gnu"

@bits = private constant [29 x i8] c"perdure.field:relaxed-bits:8\00"
declare ptr @llvm.ptr.annotation.p0.p0(ptr, ptr, ptr, i32, ptr)
declare void @other()

; CHECK-LABEL: @loadBeforeBranch(
; CHECK: call void @perdure_record_relaxed(ptr %p, i64 2)
define void @loadBeforeBranch(ptr %p) noinline optnone {
  %a = call ptr @llvm.ptr.annotation.p0.p0(ptr %p, ptr @bits, ptr null, i32 0, ptr null)
  %old = load i16, ptr %a
  %wide = zext i16 %old to i32
  %set = and i32 %wide, 8
  %is = icmp ne i32 %set, 0
  br i1 %is, label %done, label %write
write:
  %more = or i32 %wide, 8
  %new = trunc i32 %more to i16
  store i16 %new, ptr %a
  br label %done
done:
  ret void
}

; CHECK-LABEL: @writeBetween(
; CHECK: store i16 0, ptr %q
; CHECK: store i16 %new, ptr %p
; CHECK-NEXT: call void @perdure_record(ptr %p, i64 2)
define void @writeBetween(ptr %p, ptr %q, i1 %c) noinline optnone {
  %a = call ptr @llvm.ptr.annotation.p0.p0(ptr %p, ptr @bits, ptr null, i32 0, ptr null)
  %old = load i16, ptr %a
  store i16 0, ptr %q
  br i1 %c, label %write, label %done
write:
  %new = or i16 %old, 8
  store i16 %new, ptr %a
  br label %done
done:
  ret void
}

; CHECK-LABEL: @callInWritersBlock(
; CHECK: call void @perdure_record(ptr %p, i64 2)
define void @callInWritersBlock(ptr %p, i1 %c) noinline optnone {
  %a = call ptr @llvm.ptr.annotation.p0.p0(ptr %p, ptr @bits, ptr null, i32 0, ptr null)
  %old = load i16, ptr %a
  br i1 %c, label %write, label %done
write:
  call void @other()
  %new = or i16 %old, 8
  store i16 %new, ptr %a
  br label %done
done:
  ret void
}

; CHECK-LABEL: @join(
; CHECK: call void @perdure_record(ptr %p, i64 2)
define void @join(ptr %p, i1 %c) noinline optnone {
  %a = call ptr @llvm.ptr.annotation.p0.p0(ptr %p, ptr @bits, ptr null, i32 0, ptr null)
  %old = load i16, ptr %a
  br i1 %c, label %maybe, label %write
maybe:
  call void @other()
  br label %write
write:
  %new = or i16 %old, 8
  store i16 %new, ptr %a
  ret void
}

; CHECK-LABEL: @otherPlace(
; CHECK: call void @perdure_record(ptr %p, i64 2)
define void @otherPlace(ptr %p, ptr %q) noinline optnone {
  %a = call ptr @llvm.ptr.annotation.p0.p0(ptr %p, ptr @bits, ptr null, i32 0, ptr null)
  %old = load i16, ptr %q
  %new = or i16 %old, 8
  store i16 %new, ptr %a
  ret void
}

; CHECK-LABEL: @cleared(
; CHECK: call void @perdure_record_relaxed(ptr %p, i64 2)
; CHECK: call void @perdure_record(ptr %p, i64 2)
; CHECK: call void @perdure_record_relaxed(ptr %p, i64 2)
; CHECK: call void @perdure_record(ptr %p, i64 2)
define void @cleared(ptr %p) noinline optnone {
  %a = call ptr @llvm.ptr.annotation.p0.p0(ptr %p, ptr @bits, ptr null, i32 0, ptr null)
  %old = load i16, ptr %a
  %new = and i16 %old, -9
  store i16 %new, ptr %a
  fence seq_cst
  %again = load i16, ptr %a
  %wider = and i16 %again, -13
  store i16 %wider, ptr %a
  %1 = atomicrmw xor ptr %a, i16 8 seq_cst
  %2 = atomicrmw xor ptr %a, i16 9 seq_cst
  ret void
}

!perdure.unit = !{!0}
!0 = !{!"source", !"a.c"}
