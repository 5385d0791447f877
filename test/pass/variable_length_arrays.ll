; SPDX-License-Identifier: Apache-2.0
;
; A variable-length array is stack memory: neither its stores nor the stack pointer's restoration are
; hooked or diagnosed. Stores to the pool beside it are, and a pointer that may be either is.
; RUN: %opt-perdure -passes="perdure-early,default<O2>" -S %s 2>%t | FileCheck %s
; RUN: count 0 < %t
; RUN: %opt-perdure -passes="perdure-early,perdure-late,verify" -S %s | FileCheck %s
target triple = "x86_64-unknown-linux-gnu"

declare ptr @llvm.stacksave()
declare void @llvm.stackrestore(ptr)
declare void @use(ptr)

; CHECK-LABEL: @beside(
; CHECK: %array = alloca i32, i64 %n
; CHECK: store i32 1, ptr %array
; CHECK-NOT: xaddq
; CHECK: store i32 2, ptr %p
; CHECK: xaddq
; CHECK-NOT: xaddq
; CHECK: @llvm.stackrestore
; CHECK: ret void
define void @beside(ptr %p, i64 %n) {
  %saved = call ptr @llvm.stacksave()
  %array = alloca i32, i64 %n
  store i32 1, ptr %array
  call void @use(ptr %array)
  store i32 2, ptr %p
  call void @llvm.stackrestore(ptr %saved)
  call void @use(ptr %p)
  ret void
}

; CHECK-LABEL: @either(
; CHECK: xaddq
; CHECK: ret void
define void @either(ptr %p, i64 %n, i1 %c) {
  %array = alloca i32, i64 %n
  %where = select i1 %c, ptr %array, ptr %p
  store i32 3, ptr %where
  call void @use(ptr %array)
  ret void
}

!perdure.unit = !{!0}
!0 = !{!"strict", !"1"}
