; SPDX-License-Identifier: Apache-2.0
;
; What becomes of classes when the optimizer makes one store of several. Two of one class keep it, a
; store with a class and one without are persistent, and no constant is merged into a wider one,
; which would hide the store that has no class.
; RUN: %opt-perdure -passes="perdure-early,always-inline,instcombine,simplifycfg<sink-common-insts>,dse,perdure-late,verify" -S %s | FileCheck %s
target triple = "x86_64-unknown-linux-gnu"

%statistics = type { i64, i64, i64 }
@statistics = global %statistics zeroinitializer

; CHECK-LABEL: @relaxedTwice(
; CHECK: store i32
; CHECK-NOT: store i32
; CHECK: call void @perdure_record_relaxed(ptr %p, i64 4)
; CHECK-NOT: call void @perdure_record(
; CHECK: ret void
define void @relaxedTwice(ptr %p, i1 %condition, i32 %a, i32 %b) minsize {
  br i1 %condition, label %then, label %else
then:
  store i32 %a, ptr %p
  br label %end
else:
  call void @relaxedStore(ptr %p, i32 %b)
  br label %end
end:
  ret void
}

; CHECK-LABEL: @relaxedAndNot(
; CHECK: store i32
; CHECK-NOT: store i32
; CHECK: call void @perdure_record(ptr %p, i64 4)
; CHECK: ret void
define void @relaxedAndNot(ptr %p, i1 %condition, i32 %a, i32 %b) minsize {
  br i1 %condition, label %then, label %else
then:
  call void @relaxedStore(ptr %p, i32 %a)
  br label %end
else:
  store i32 %b, ptr %p
  br label %end
end:
  ret void
}

; CHECK-LABEL: @partOfConstant(
; CHECK: store i64 0, ptr %p
; CHECK: store i32 5, ptr %p
; CHECK: call void @perdure_record(ptr %p, i64
; CHECK: ret void
define void @partOfConstant(ptr %p) minsize {
  call void @relaxedConstant(ptr %p)
  store i32 5, ptr %p
  ret void
}

; One field or another, both volatile: not recorded. One of them persistent: recorded.
; CHECK-LABEL: @oneOfTwoFields(
; CHECK: select
; CHECK-NOT: perdure_record
; CHECK: ret void
define void @oneOfTwoFields(i1 %hit) minsize {
  %field = select i1 %hit, ptr getelementptr (i8, ptr @statistics, i64 8), ptr getelementptr (i8, ptr @statistics, i64 16)
  %old = load i64, ptr %field
  %new = add i64 %old, 1
  store i64 %new, ptr %field
  ret void
}

; CHECK-LABEL: @oneOfThemPersistent(
; CHECK: call void @perdure_record(ptr {{.*}}, i64 8)
; CHECK: ret void
define void @oneOfThemPersistent(i1 %hit) minsize {
  %field = select i1 %hit, ptr getelementptr (i8, ptr @statistics, i64 8), ptr @statistics
  store i64 7, ptr %field
  ret void
}

; CHECK-LABEL: @relaxedStore(
define void @relaxedStore(ptr %p, i32 %value) alwaysinline {
  store i32 %value, ptr %p
  ret void
}

define void @relaxedConstant(ptr %p) alwaysinline {
  store i64 0, ptr %p
  ret void
}

!perdure.unit = !{!0}
!perdure.function = !{!1, !2, !3}
!perdure.global = !{!4, !5}
!0 = !{!"heap", !"annotated"}
!1 = !{!"relaxedTwice", !"relaxed-stores"}
!2 = !{!"relaxedStore", !"relaxed-stores"}
!3 = !{!"relaxedConstant", !"relaxed-stores"}
!4 = !{!"statistics", !"persistent", !"statistics", !"", !"0"}
!5 = !{!"statistics", !"volatile-span", !"8", !"16"}
