; What asks whether an address lies in one of the program's own tables does not work with pins.
; RUN: not %opt-perdure -passes=perdure-late -disable-output %s 2>&1 | FileCheck %s
; CHECK: error: {{.*}}-fsanitize=cfi and -fwhole-program-vtables know the places of functions and virtual tables, which perdure moves; compile without
target triple = "x86_64-unknown-linux-gnu"
define i1 @test(ptr %p) {
  %inside = call i1 @llvm.type.test(ptr %p, metadata !"shape")
  ret i1 %inside
}
declare i1 @llvm.type.test(ptr, metadata)
!perdure.unit = !{!0}
!0 = !{!"source", !"a.c"}
