; Memory outputs of inline assembly are hooked; a memory clobber with a pool pointer is diagnosed;
; an empty template (a compiler barrier) writes nothing.
; RUN: %opt-perdure -passes=perdure-late -S %s 2>%t | FileCheck %s
; RUN: FileCheck --check-prefix=DIAGNOSED %s < %t
target triple = "x86_64-unknown-linux-gnu"

; DIAGNOSED: inline assembly clobbers memory
; DIAGNOSED-NOT: inline assembly
; CHECK-LABEL: @assembly(
; CHECK: asm "movl $$1, $0"
; CHECK-NEXT: call void @perdure_record(ptr %p, i64 4)
; CHECK-NOT: perdure_record
; CHECK: ret void
define void @assembly(ptr %p) noinline optnone {
  call void asm "movl $$1, $0", "=*m"(ptr elementtype(i32) %p)
  call void asm sideeffect "", "r,~{memory}"(ptr %p)
  call void asm sideeffect "movl $$1, ($0)", "r,~{memory}"(ptr %p)
  ret void
}
