; The size logged is the store size of the type, whatever its alignment or padding.
; RUN: %opt-perdure -passes=perdure-late -S %s | FileCheck %s
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

; CHECK-LABEL: @odd(
; CHECK: perdure_record(ptr %a, i64 10)
; CHECK: perdure_record(ptr %b, i64 3)
; CHECK: perdure_record(ptr %c, i64 5)
; CHECK: perdure_record(ptr %d, i64 16)
; CHECK: perdure_record(ptr %e, i64 32)
; CHECK: perdure_record(ptr %f, i64 16)
define void @odd(ptr %a, ptr %b, ptr %c, ptr %d, ptr %e, ptr %f) noinline optnone {
  store x86_fp80 0xK3FFF8000000000000000, ptr %a
  store i24 1, ptr %b
  store i40 1, ptr %c
  store i128 1, ptr %d
  store <8 x float> zeroinitializer, ptr %e
  store { i64, i8 } zeroinitializer, ptr %f
  ret void
}
