; Masked stores log from the first to the last active lane, scatters each active lane, compressing
; stores as many lanes as are active, vector-predicated ones only lanes below their length.
; RUN: %opt-perdure -passes=perdure-late -S %s | FileCheck %s
target triple = "x86_64-unknown-linux-gnu"

declare void @llvm.masked.store.v4i32.p0(<4 x i32>, ptr, i32, <4 x i1>)
declare void @llvm.masked.scatter.v2i64.v2p0(<2 x i64>, <2 x ptr>, i32, <2 x i1>)
declare void @llvm.masked.compressstore.v4i32(<4 x i32>, ptr, <4 x i1>)
declare <4 x i32> @llvm.masked.expandload.v4i32(ptr, <4 x i1>, <4 x i32>)
declare void @llvm.vp.store.v4i32.p0(<4 x i32>, ptr, <4 x i1>, i32)

; CHECK-LABEL: @masked(
; CHECK: call i64 @llvm.cttz.i64
; CHECK: call i64 @llvm.ctlz.i64
; CHECK: call void @perdure_record
define void @masked(ptr %p, <4 x i32> %v, <4 x i1> %m) {
  call void @llvm.masked.store.v4i32.p0(<4 x i32> %v, ptr %p, i32 4, <4 x i1> %m)
  ret void
}

; CHECK-LABEL: @scatter(
; CHECK-COUNT-2: call void @perdure_record(ptr %{{.*}}, i64 8)
; CHECK-NOT: perdure_record
; CHECK: ret void
define void @scatter(<2 x ptr> %p, <2 x i64> %v, <2 x i1> %m) {
  call void @llvm.masked.scatter.v2i64.v2p0(<2 x i64> %v, <2 x ptr> %p, i32 8, <2 x i1> %m)
  ret void
}

; CHECK-LABEL: @compress(
; CHECK: @llvm.ctpop.i64
; CHECK: call void @perdure_record
define void @compress(ptr %p, <4 x i32> %v, <4 x i1> %m) {
  call void @llvm.masked.compressstore.v4i32(<4 x i32> %v, ptr %p, <4 x i1> %m)
  ret void
}

; CHECK-LABEL: @predicated(
; CHECK: icmp ult <4 x i32> <i32 0, i32 1, i32 2, i32 3>
; CHECK: call void @perdure_record
define void @predicated(ptr %p, <4 x i32> %v, <4 x i1> %m, i32 %n) {
  call void @llvm.vp.store.v4i32.p0(<4 x i32> %v, ptr %p, <4 x i1> %m, i32 %n)
  ret void
}

; CHECK-LABEL: @reads(
; CHECK-NOT: perdure
; CHECK: ret
define <4 x i32> @reads(ptr %p, <4 x i32> %v, <4 x i1> %m) {
  %r = call <4 x i32> @llvm.masked.expandload.v4i32(ptr %p, <4 x i1> %m, <4 x i32> %v)
  ret <4 x i32> %r
}
