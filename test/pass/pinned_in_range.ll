; The address of a virtual table as Clang writes it in a constructor: with the range of the table, which
; LLVM 19 puts before the operands. pinned_in_range_16.ll is the other one's; the text is no IR for both.
; REQUIRES: llvm-19
; RUN: %opt-perdure -passes=perdure-late -S %s | FileCheck %s
target triple = "x86_64-unknown-linux-gnu"

@_ZTV5shape = constant { [3 x ptr] } { [3 x ptr] [ptr null, ptr null, ptr @draw] }
declare void @draw(ptr)

; CHECK-LABEL: define void @constructs(
; CHECK: store ptr inttoptr (i64 {{36[0-9]+}} to ptr), ptr %object
define void @constructs(ptr %object) {
  store ptr getelementptr inbounds inrange(-16, 8) ({ [3 x ptr] }, ptr @_ZTV5shape, i32 0, i32 0, i32 2), ptr %object
  ret void
}
!perdure.unit = !{!0}
!0 = !{!"source", !"shape.cpp"}
