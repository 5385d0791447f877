; A plain store is followed by its hook: range check, reservation in one instruction, release store.
; RUN: %opt-perdure -passes=perdure-late -S %s | FileCheck %s
target triple = "x86_64-unknown-linux-gnu"

; CHECK-LABEL: @hooked(
; CHECK: store i32 7, ptr %p
; CHECK-NEXT: %[[N:.*]] = ptrtoint ptr %p to i64
; CHECK-NEXT: %[[SLOT:.*]] = lshr i64 %[[N]], 40
; CHECK-NEXT: icmp eq i64 %[[SLOT]], 32
; CHECK: asm sideeffect "xaddq $0, $1"
; CHECK: or i64 %{{.*}}, 4
; CHECK: call void @perdure_record_slow
; CHECK: store atomic i64 %{{.*}} release, align 8
define void @hooked(ptr %p) {
  store i32 7, ptr %p
  ret void
}

; CHECK-LABEL: @stack(
; CHECK-NOT: perdure
; CHECK: ret void
define void @stack() {
  %slot = alloca i32
  store i32 7, ptr %slot
  ret void
}

; CHECK-LABEL: @stackOrHeap(
; CHECK: xaddq
define void @stackOrHeap(i1 %c, ptr %p) {
  %slot = alloca i32
  %where = select i1 %c, ptr %slot, ptr %p
  store i32 7, ptr %where
  ret void
}

; -O0 functions get a call instead.
; CHECK-LABEL: @unoptimized(
; CHECK: store i32 7, ptr %p
; CHECK-NEXT: call void @perdure_record(ptr %p, i64 4)
define void @unoptimized(ptr %p) noinline optnone {
  store i32 7, ptr %p
  ret void
}
