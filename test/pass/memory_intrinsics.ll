; SPDX-License-Identifier: Apache-2.0
;
; Block copies and fills of every kind and length type are recorded with their length; fills and
; copies of stack memory are not. Address spaces that mean another pointer width are ordinary memory,
; gs, fs and ss are thread-local, any other cannot be recorded and is an error.
; RUN: %opt-perdure -passes=perdure-late,verify -S %s | FileCheck %s
; RUN: sed 's/;SPACE//' %s | not %opt-perdure -passes=perdure-late -S -o /dev/null - 2>&1 | FileCheck --check-prefix=REFUSED %s
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
declare void @llvm.memcpy.inline.p0.p0.i64(ptr, ptr, i64, i1)
declare void @llvm.memmove.p0.p0.i32(ptr, ptr, i32, i1)
declare void @llvm.memset.p0.i32(ptr, i8, i32, i1)
declare void @llvm.memset.inline.p0.i64(ptr, i8, i64, i1)
declare void @llvm.memcpy.element.unordered.atomic.p0.p0.i64(ptr, ptr, i64, i32)
declare void @llvm.memmove.element.unordered.atomic.p0.p0.i32(ptr, ptr, i32, i32)
declare void @llvm.memset.element.unordered.atomic.p0.i64(ptr, i8, i64, i32)
declare void @llvm.memcpy.p272.p0.i64(ptr addrspace(272), ptr, i64, i1)

; CHECK-LABEL: @blocks(
; CHECK: call void @perdure_record(ptr %p, i64 100)
; CHECK: call void @perdure_record(ptr %p, i64 16)
; CHECK: %[[N:.*]] = zext i32 %n to i64
; CHECK: call void @perdure_record(ptr %p, i64 %[[N]])
; CHECK: call void @perdure_record(ptr %p, i64 200)
; CHECK: call void @perdure_record(ptr %p, i64 24)
define void @blocks(ptr %p, ptr %q, i32 %n) noinline optnone {
  call void @llvm.memcpy.p0.p0.i64(ptr %p, ptr %q, i64 100, i1 false)
  fence seq_cst
  call void @llvm.memcpy.inline.p0.p0.i64(ptr %p, ptr %q, i64 16, i1 false)
  call void @llvm.memmove.p0.p0.i32(ptr %p, ptr %q, i32 %n, i1 false)
  call void @llvm.memset.p0.i32(ptr %p, i8 0, i32 200, i1 true)
  call void @llvm.memset.inline.p0.i64(ptr %p, i8 0, i64 24, i1 false)
  ret void
}

; CHECK-LABEL: @elements(
; CHECK: call void @perdure_record(ptr %p, i64 64)
; CHECK: call void @perdure_record(ptr %p, i64
; CHECK: call void @perdure_record(ptr %p, i64 32)
define void @elements(ptr %p, ptr %q, i32 %n) noinline optnone {
  call void @llvm.memcpy.element.unordered.atomic.p0.p0.i64(ptr align 4 %p, ptr align 4 %q, i64 64, i32 4)
  call void @llvm.memmove.element.unordered.atomic.p0.p0.i32(ptr align 4 %p, ptr align 4 %q, i32 %n, i32 4)
  call void @llvm.memset.element.unordered.atomic.p0.i64(ptr align 8 %p, i8 0, i64 32, i32 8)
  ret void
}

; CHECK-LABEL: @stack(
; CHECK-NOT: perdure
; CHECK: ret void
define void @stack(ptr %q) noinline optnone {
  %slot = alloca [100 x i8]
  call void @llvm.memcpy.p0.p0.i64(ptr %slot, ptr %q, i64 100, i1 false)
  call void @llvm.memcpy.element.unordered.atomic.p0.p0.i64(ptr align 4 %slot, ptr align 4 %q, i64 64, i32 4)
  ret void
}

; CHECK-LABEL: @spaces(
; CHECK: store i32 1, ptr addrspace(272) %wide
; CHECK-NEXT: addrspacecast ptr addrspace(272) %wide to ptr
; CHECK-NEXT: call void @perdure_record(ptr {{.*}}, i64 4)
; CHECK: store i32 2, ptr addrspace(257) %fs
; CHECK-NOT: perdure
; CHECK: ret void
define void @spaces(ptr addrspace(272) %wide, ptr addrspace(257) %fs, ptr addrspace(5) %other) noinline optnone {
  store i32 1, ptr addrspace(272) %wide
  store i32 2, ptr addrspace(257) %fs
;SPACE  store i32 3, ptr addrspace(5) %other
  ret void
}
; REFUSED: error: {{.*}}'store' may write persistent memory in a way perdure has no hook for
