; Atomics are hooked; a failed exchange wrote nothing, so its hook gets a null address.
; RUN: %opt-perdure -passes=perdure-late -S %s | FileCheck %s
target triple = "x86_64-unknown-linux-gnu"

; CHECK-LABEL: @all(
; CHECK: atomicrmw add
; CHECK: perdure_record(ptr %p, i64 8)
; CHECK: cmpxchg
; CHECK: %[[OK:.*]] = extractvalue { i32, i1 } %{{.*}}, 1
; CHECK: %[[AT:.*]] = select i1 %[[OK]], ptr %p, ptr null
; CHECK: perdure_record(ptr %[[AT]], i64 4)
; CHECK: store volatile
; CHECK: perdure_record(ptr %p, i64 1)
; CHECK-NOT: perdure_record
; CHECK: ret void
define void @all(ptr %p) noinline optnone {
  %1 = atomicrmw add ptr %p, i64 1 seq_cst
  %2 = cmpxchg ptr %p, i32 0, i32 1 seq_cst seq_cst
  store volatile i8 1, ptr %p
  %3 = load volatile i8, ptr %p
  fence seq_cst
  ret void
}
