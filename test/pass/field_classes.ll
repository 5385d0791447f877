; Annotated fields: relaxed goes to lane 1, transient is not recorded, a class for some bits holds
; only while the store changes no others. The annotation calls are gone.
; RUN: %opt-perdure -passes="perdure-early,perdure-late" -S %s | FileCheck %s
target triple = "x86_64-unknown-linux-gnu"

@relaxed = private constant [22 x i8] c"perdure.field:relaxed\00"
@transient = private constant [24 x i8] c"perdure.field:transient\00"
@bits = private constant [29 x i8] c"perdure.field:relaxed-bits:8\00"
declare ptr @llvm.ptr.annotation.p0.p0(ptr, ptr, ptr, i32, ptr)

; CHECK-NOT: call ptr @llvm.ptr.annotation
; CHECK-LABEL: @classes(
; CHECK: store i32 1, ptr %p
; CHECK-NEXT: call void @perdure_record_relaxed(ptr %p, i64 4)
; CHECK-NEXT: store i32 2, ptr %q
; CHECK-NEXT: store i32 3, ptr %r
; CHECK-NEXT: call void @perdure_record(ptr %r, i64 4)
define void @classes(ptr %p, ptr %q, ptr %r) noinline optnone {
  %a = call ptr @llvm.ptr.annotation.p0.p0(ptr %p, ptr @relaxed, ptr null, i32 0, ptr null)
  store i32 1, ptr %a
  %b = call ptr @llvm.ptr.annotation.p0.p0(ptr %q, ptr @transient, ptr null, i32 0, ptr null)
  store i32 2, ptr %b
  store i32 3, ptr %r
  ret void
}

; CHECK-LABEL: @someBits(
; CHECK: perdure_record_relaxed(ptr %p, i64 1)
; CHECK: perdure_record(ptr %p, i64 1)
define void @someBits(ptr %p) noinline optnone {
  %a = call ptr @llvm.ptr.annotation.p0.p0(ptr %p, ptr @bits, ptr null, i32 0, ptr null)
  %old = load i8, ptr %a
  %new = or i8 %old, 8
  store i8 %new, ptr %a
  fence seq_cst
  %again = load i8, ptr %a
  %other = or i8 %again, 12
  store i8 %other, ptr %a
  ret void
}
