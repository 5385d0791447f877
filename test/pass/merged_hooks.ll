; SPDX-License-Identifier: Apache-2.0
;
; Stores to one object that always follow each other get one hook, after the last; nothing that
; another thread, a cut or a caller could act on may stand between them.
; RUN: %opt-perdure -passes=perdure-late -S %s | FileCheck %s
target triple = "x86_64-unknown-linux-gnu"

declare void @unlock()
declare void @mayThrow()
declare i32 @__gxx_personality_v0(...)
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)

@clock = global i32 0
@missing = extern_weak global i32
@unbounded = external global [0 x i32]
@settings = global [6 x i64] zeroinitializer

; ==== Which bytes

; CHECK-LABEL: @neighbours(
; CHECK: store i64 3
; CHECK-NEXT: call void @perdure_record(ptr %p, i64 24)
; CHECK-NOT: perdure_record
; CHECK: ret void
define void @neighbours(ptr %p) noinline optnone {
  %second = getelementptr i8, ptr %p, i64 8
  %third = getelementptr i8, ptr %p, i64 16
  store i64 2, ptr %second
  store i64 1, ptr %p
  store i64 3, ptr %third
  ret void
}

; A small gap is covered too, a large one is not: the hooks stand where their stores do.
; CHECK-LABEL: @gaps(
; CHECK: store i32 2
; CHECK-NEXT: call void @perdure_record(ptr %p, i64 20)
; CHECK: call void @perdure_record(ptr %far, i64 8)
define void @gaps(ptr %p) noinline optnone {
  %near = getelementptr i8, ptr %p, i64 16
  %far = getelementptr i8, ptr %p, i64 64
  store i32 1, ptr %p
  store i32 2, ptr %near
  store i64 3, ptr %far
  ret void
}

; A repeated store is recorded after the last, never after the first.
; CHECK-LABEL: @sameAddress(
; CHECK: store i64 2
; CHECK-NEXT: call void @perdure_record(ptr %p, i64 8)
; CHECK-NOT: call void @perdure_record
; CHECK: ret void
define void @sameAddress(ptr %p) noinline optnone {
  store i64 1, ptr %p
  store i64 2, ptr %p
  ret void
}

; An object filled as a whole and then in part; a copy of variable length has its own.
; CHECK-LABEL: @freshObject(
; CHECK: call void @llvm.memset
; CHECK: call void @llvm.memcpy
; CHECK: call void @perdure_record(ptr %key, i64 %n)
; CHECK: store i32 7
; CHECK: call void @perdure_record(ptr %p, i64 48)
; CHECK-NOT: call void @perdure_record
; CHECK: ret void
define void @freshObject(ptr %p, ptr %q, i64 %n) noinline optnone {
  %key = getelementptr i8, ptr %p, i64 100
  %field = getelementptr i8, ptr %p, i64 16
  call void @llvm.memset.p0.i64(ptr %p, i8 0, i64 48, i1 false)
  call void @llvm.memcpy.p0.p0.i64(ptr %key, ptr %q, i64 %n, i1 false)
  store i32 7, ptr %field
  ret void
}

; CHECK-LABEL: @tooLong(
; CHECK: call void @perdure_record(ptr %p, i64 250)
; CHECK: call void @perdure_record(ptr %behind, i64 8)
define void @tooLong(ptr %p) noinline optnone {
  %behind = getelementptr i8, ptr %p, i64 250
  call void @llvm.memset.p0.i64(ptr %p, i8 0, i64 250, i1 false)
  store i64 1, ptr %behind
  ret void
}

; How far apart these are is not known.
; CHECK-LABEL: @variableOffset(
; CHECK: call void @perdure_record(ptr %p, i64 8)
; CHECK: call void @perdure_record(ptr %somewhere, i64 8)
define void @variableOffset(ptr %p, i64 %i) noinline optnone {
  %somewhere = getelementptr i64, ptr %p, i64 %i
  store i64 1, ptr %p
  store i64 2, ptr %somewhere
  ret void
}

; CHECK-LABEL: @otherBase(
; CHECK: call void @perdure_record(ptr %p, i64 8)
; CHECK: call void @perdure_record(ptr %q, i64 8)
define void @otherBase(ptr %p, ptr %q) noinline optnone {
  store i64 1, ptr %p
  store i64 2, ptr %q
  ret void
}

; ==== What may stand between

; The stack is private.
; CHECK-LABEL: @stackBetween(
; CHECK: call void @perdure_record(ptr %p, i64 16)
; CHECK-NOT: perdure_record
; CHECK: ret void
define void @stackBetween(ptr %p) noinline optnone {
  %slot = alloca i64
  %second = getelementptr i8, ptr %p, i64 8
  store i64 1, ptr %p
  store i64 1, ptr %slot
  store i64 2, ptr %second
  ret void
}

; A plain store publishes nothing: the optimizer itself may move it past its neighbours.
; CHECK-LABEL: @otherObjectBetween(
; CHECK-NOT: call void @perdure_record(ptr %p
; CHECK: call void @perdure_record(ptr %q, i64 8)
; CHECK: call void @perdure_record(ptr %p, i64 16)
; CHECK-NOT: call void @perdure_record
; CHECK: ret void
define void @otherObjectBetween(ptr %p, ptr %q) noinline optnone {
  %second = getelementptr i8, ptr %p, i64 8
  store i64 1, ptr %p
  store ptr %p, ptr %q
  store i64 2, ptr %second
  ret void
}

; Reading a variable tells nobody anything, and cannot fault.
; CHECK-LABEL: @volatileVariableBetween(
; CHECK-NOT: call void @perdure_record(ptr %p, i64 8)
; CHECK: call void @perdure_record(ptr %p, i64 16)
; CHECK-NOT: call void @perdure_record
; CHECK: ret void
define void @volatileVariableBetween(ptr %p, ptr %q) noinline optnone {
  %second = getelementptr i8, ptr %p, i64 8
  store i64 1, ptr %p
  %now = load volatile i32, ptr @clock
  store i64 2, ptr %second
  ret void
}

; A probe: a signal handler may jump away from its fault.
; CHECK-LABEL: @volatileLoadBetween(
; CHECK: call void @perdure_record(ptr %p, i64 8)
; CHECK: call void @perdure_record(ptr %second, i64 8)
define void @volatileLoadBetween(ptr %p, ptr %q) noinline optnone {
  %second = getelementptr i8, ptr %p, i64 8
  store i64 1, ptr %p
  %probe = load volatile i32, ptr %q
  store i64 2, ptr %second
  ret void
}

; CHECK-LABEL: @weakVariableBetween(
; CHECK: call void @perdure_record(ptr %p, i64 8)
; CHECK: call void @perdure_record(ptr %second, i64 8)
define void @weakVariableBetween(ptr %p, ptr %q) noinline optnone {
  %second = getelementptr i8, ptr %p, i64 8
  store i64 1, ptr %p
  %probe = load volatile i32, ptr @missing
  store i64 2, ptr %second
  ret void
}

; CHECK-LABEL: @unboundedVariableBetween(
; CHECK: call void @perdure_record(ptr %p, i64 8)
; CHECK: call void @perdure_record(ptr %second, i64 8)
define void @unboundedVariableBetween(ptr %p) noinline optnone {
  %second = getelementptr i8, ptr %p, i64 8
  %element = getelementptr inbounds i8, ptr @unbounded, i64 4096
  store i64 1, ptr %p
  %probe = load volatile i32, ptr %element
  store i64 2, ptr %second
  ret void
}

; CHECK-LABEL: @volatileStoreBetween(
; CHECK: call void @perdure_record(ptr %p, i64 8)
; CHECK: call void @perdure_record(ptr %second, i64 8)
define void @volatileStoreBetween(ptr %p, ptr %q) noinline optnone {
  %second = getelementptr i8, ptr %p, i64 8
  store i64 1, ptr %p
  store volatile i32 1, ptr @clock
  store i64 2, ptr %second
  ret void
}

; CHECK-LABEL: @volatileFillBetween(
; CHECK: call void @perdure_record(ptr %p, i64 8)
; CHECK: call void @perdure_record(ptr %second, i64 8)
define void @volatileFillBetween(ptr %p, ptr %q) noinline optnone {
  %second = getelementptr i8, ptr %p, i64 8
  store i64 1, ptr %p
  call void @llvm.memset.p0.i64(ptr @clock, i8 0, i64 4, i1 true)
  store i64 2, ptr %second
  ret void
}

; CHECK-LABEL: @atomicLoadBetween(
; CHECK: call void @perdure_record(ptr %p, i64 8)
; CHECK: call void @perdure_record(ptr %second, i64 8)
define void @atomicLoadBetween(ptr %p, ptr %q) noinline optnone {
  %second = getelementptr i8, ptr %p, i64 8
  store i64 1, ptr %p
  %now = load atomic i32, ptr @clock monotonic, align 4
  store i64 2, ptr %second
  ret void
}

; CHECK-LABEL: @fenceBetween(
; CHECK: call void @perdure_record(ptr %p, i64 8)
; CHECK: call void @perdure_record(ptr %second, i64 8)
define void @fenceBetween(ptr %p, ptr %q) noinline optnone {
  %second = getelementptr i8, ptr %p, i64 8
  store i64 1, ptr %p
  fence syncscope("singlethread") release
  store i64 2, ptr %second
  ret void
}

; CHECK-LABEL: @asmBetween(
; CHECK: call void @perdure_record(ptr %p, i64 8)
; CHECK: call void @perdure_record(ptr %second, i64 8)
define void @asmBetween(ptr %p, ptr %q) noinline optnone {
  %second = getelementptr i8, ptr %p, i64 8
  store i64 1, ptr %p
  call void asm sideeffect "", "~{memory}"()
  store i64 2, ptr %second
  ret void
}

; CHECK-LABEL: @callBetween(
; CHECK: call void @perdure_record(ptr %p, i64 8)
; CHECK: call void @unlock()
; CHECK: call void @perdure_record(ptr %second, i64 8)
define void @callBetween(ptr %p) noinline optnone {
  %second = getelementptr i8, ptr %p, i64 8
  store i64 1, ptr %p
  call void @unlock()
  store i64 2, ptr %second
  ret void
}

; CHECK-LABEL: @atomicBetween(
; CHECK: call void @perdure_record(ptr %p, i64 8)
; CHECK: store atomic
; CHECK: call void @perdure_record(ptr %second, i64 8)
; CHECK: call void @perdure_record(ptr %third, i64 8)
define void @atomicBetween(ptr %p) noinline optnone {
  %second = getelementptr i8, ptr %p, i64 8
  %third = getelementptr i8, ptr %p, i64 16
  store i64 1, ptr %p
  store atomic i64 2, ptr %second release, align 8
  store i64 3, ptr %third
  ret void
}

; These have their own, in their order.
; CHECK-LABEL: @volatileStores(
; CHECK: call void @perdure_record(ptr %p, i64 8)
; CHECK: call void @perdure_record(ptr %second, i64 8)
define void @volatileStores(ptr %p) noinline optnone {
  %second = getelementptr i8, ptr %p, i64 8
  store volatile i64 1, ptr %p
  store volatile i64 2, ptr %second
  ret void
}

; Unwinding leaves the function before the second store.
; CHECK-LABEL: @invokeBetween(
; CHECK: call void @perdure_record(ptr %p, i64 8)
; CHECK: call void @perdure_record(ptr %second, i64 8)
define void @invokeBetween(ptr %p) noinline optnone personality ptr @__gxx_personality_v0 {
  %second = getelementptr i8, ptr %p, i64 8
  store i64 1, ptr %p
  invoke void @mayThrow() to label %next unwind label %pad
next:
  store i64 2, ptr %second
  ret void
pad:
  %exception = landingpad { ptr, i32 } cleanup
  resume { ptr, i32 } %exception
}

; ==== Ways

; CHECK-LABEL: @diamond(
; CHECK-NOT: call void @perdure_record(ptr %p
; CHECK: join:
; CHECK: store i64 2
; CHECK: call void @perdure_record(ptr %p, i64 16)
; CHECK-NOT: call void @perdure_record
; CHECK: ret void
define void @diamond(ptr %p, ptr %q, i1 %c) noinline optnone {
  %second = getelementptr i8, ptr %p, i64 8
  store i64 1, ptr %p
  br i1 %c, label %one, label %other
one:
  store i64 3, ptr %q
  br label %join
other:
  br label %join
join:
  store i64 2, ptr %second
  ret void
}

; CHECK-LABEL: @callOnOneWay(
; CHECK: call void @perdure_record(ptr %p, i64 8)
; CHECK: call void @perdure_record(ptr %second, i64 8)
define void @callOnOneWay(ptr %p, ptr %q, i1 %c) noinline optnone {
  %second = getelementptr i8, ptr %p, i64 8
  store i64 1, ptr %p
  br i1 %c, label %one, label %other
one:
  call void @unlock()
  br label %join
other:
  br label %join
join:
  store i64 2, ptr %second
  ret void
}

; The second store need not follow.
; CHECK-LABEL: @onlyOnOneWay(
; CHECK: call void @perdure_record(ptr %p, i64 8)
; CHECK: call void @perdure_record(ptr %second, i64 8)
define void @onlyOnOneWay(ptr %p, i1 %c) noinline optnone {
  %second = getelementptr i8, ptr %p, i64 8
  store i64 1, ptr %p
  br i1 %c, label %one, label %other
one:
  store i64 2, ptr %second
  br label %other
other:
  ret void
}

; A store on one way joins if the others cover its bytes anyhow: the object may be shorter on the
; other way.
; CHECK-LABEL: @armWithin(
; CHECK-NOT: call void @perdure_record
; CHECK: join:
; CHECK: store i64 2
; CHECK: call void @perdure_record(ptr %p, i64 16)
; CHECK-NOT: call void @perdure_record
; CHECK: ret void
define void @armWithin(ptr %p, ptr %q, i1 %c) noinline optnone {
  %second = getelementptr i8, ptr %p, i64 8
  %middle = getelementptr i8, ptr %p, i64 4
  store i64 1, ptr %p
  br i1 %c, label %one, label %other
one:
  store i32 3, ptr %middle
  br label %join
other:
  br label %join
join:
  store i64 2, ptr %second
  ret void
}

; CHECK-LABEL: @armBeyond(
; CHECK: one:
; CHECK: call void @perdure_record(ptr %third, i64 4)
; CHECK: join:
; CHECK: call void @perdure_record(ptr %p, i64 16)
; CHECK-NOT: call void @perdure_record
; CHECK: ret void
define void @armBeyond(ptr %p, ptr %q, i1 %c) noinline optnone {
  %second = getelementptr i8, ptr %p, i64 8
  %third = getelementptr i8, ptr %p, i64 16
  store i64 1, ptr %p
  br i1 %c, label %one, label %other
one:
  store i32 3, ptr %third
  br label %join
other:
  br label %join
join:
  store i64 2, ptr %second
  ret void
}

; It may never end.
; CHECK-LABEL: @loopBetween(
; CHECK: call void @perdure_record(ptr %p, i64 8)
; CHECK: call void @perdure_record(ptr %second, i64 8)
define void @loopBetween(ptr %p, i1 %c) noinline optnone {
  %second = getelementptr i8, ptr %p, i64 8
  store i64 1, ptr %p
  br label %loop
loop:
  br i1 %c, label %loop, label %after
after:
  store i64 2, ptr %second
  ret void
}

; The store in the next round has another address, of the same name.
; CHECK-LABEL: @nextRound(
; CHECK: head:
; CHECK: call void @perdure_record(ptr %p, i64 8)
; CHECK: tail:
; CHECK: call void @perdure_record(ptr %second, i64 8)
define void @nextRound(ptr %first, i1 %c) noinline optnone {
  br label %head
head:
  %p = phi ptr [ %first, %0 ], [ %next, %tail ]
  store i64 1, ptr %p
  br i1 %c, label %tail, label %leave
tail:
  %second = getelementptr i8, ptr %p, i64 8
  store i64 2, ptr %second
  %next = load ptr, ptr %p
  br label %head
leave:
  ret void
}

; It would be recorded once a round.
; CHECK-LABEL: @intoLoop(
; CHECK: call void @perdure_record(ptr %p, i64 8)
; CHECK: call void @perdure_record(ptr %second, i64 8)
define void @intoLoop(ptr %p, i1 %c) noinline optnone {
  %second = getelementptr i8, ptr %p, i64 8
  store i64 1, ptr %p
  br label %loop
loop:
  store i64 2, ptr %second
  br i1 %c, label %loop, label %leave
leave:
  ret void
}

; ==== Classes

; Both are written on every way: the class that promises more holds for both.
; CHECK-LABEL: @relaxedAndPersistent(
; CHECK: call void @perdure_record(ptr %p, i64 16)
; CHECK-NOT: call void @perdure_record
; CHECK: ret void
define void @relaxedAndPersistent(ptr %p) noinline optnone {
  %second = getelementptr i8, ptr %p, i64 8
  store i64 1, ptr %p, !perdure.class !3
  store i64 2, ptr %second
  ret void
}

; CHECK-LABEL: @persistentAndRelaxed(
; CHECK: call void @perdure_record(ptr %p, i64 16)
; CHECK-NOT: call void @perdure_record
; CHECK: ret void
define void @persistentAndRelaxed(ptr %p) noinline optnone {
  %second = getelementptr i8, ptr %p, i64 8
  store i64 1, ptr %p
  store i64 2, ptr %second, !perdure.class !3
  ret void
}

; CHECK-LABEL: @bothRelaxed(
; CHECK: call void @perdure_record_relaxed(ptr %p, i64 16)
; CHECK-NOT: call void @perdure_record
; CHECK: ret void
define void @bothRelaxed(ptr %p) noinline optnone {
  %second = getelementptr i8, ptr %p, i64 8
  store i64 1, ptr %p, !perdure.class !3
  store i64 2, ptr %second, !perdure.class !3
  ret void
}

; On the other way nothing need wait.
; CHECK-LABEL: @persistentOnOneWay(
; CHECK: one:
; CHECK: call void @perdure_record(ptr %p, i64 4)
; CHECK: join:
; CHECK: call void @perdure_record_relaxed(ptr %p, i64 16)
; CHECK-NOT: call void @perdure_record
; CHECK: ret void
define void @persistentOnOneWay(ptr %p, ptr %q, i1 %c) noinline optnone {
  %second = getelementptr i8, ptr %p, i64 8
  store i64 1, ptr %p, !perdure.class !3
  br i1 %c, label %one, label %other
one:
  store i32 3, ptr %p
  br label %join
other:
  br label %join
join:
  store i64 2, ptr %second, !perdure.class !3
  ret void
}

; CHECK-LABEL: @transientBetween(
; CHECK: store i32 5
; CHECK-NEXT: store i64 2
; CHECK: call void @perdure_record(ptr %p, i64 24)
; CHECK-NOT: call void @perdure_record
; CHECK: ret void
define void @transientBetween(ptr %p) noinline optnone {
  %second = getelementptr i8, ptr %p, i64 8
  %third = getelementptr i8, ptr %p, i64 16
  store i64 1, ptr %p
  store i32 5, ptr %second, !perdure.class !4
  store i64 2, ptr %third
  ret void
}

; CHECK-LABEL: @transientLast(
; CHECK: call void @perdure_record(ptr %p, i64 8)
; CHECK-NOT: call void @perdure_record
; CHECK: ret void
define void @transientLast(ptr %p) noinline optnone {
  %second = getelementptr i8, ptr %p, i64 8
  store i64 1, ptr %p
  store i64 2, ptr %second, !perdure.class !4
  ret void
}

; What is not named of a global has its initial value in every run, so it must not be recorded.
; CHECK-LABEL: @transientPartOfGlobal(
; CHECK: call void @perdure_record(ptr {{.*}}, i64 8)
; CHECK: call void @perdure_record(ptr {{.*}}, i64 16)
; CHECK-NOT: call void @perdure_record
; CHECK: ret void
define void @transientPartOfGlobal() noinline optnone {
  %third = getelementptr i8, ptr @settings, i64 16
  %fourth = getelementptr i8, ptr @settings, i64 24
  store i64 1, ptr @settings
  store i64 2, ptr %third
  store i64 3, ptr %fourth
  ret void
}

!perdure.unit = !{!0}
!perdure.global = !{!1, !2}
!0 = !{!"source", !"a.c"}
!1 = !{!"settings", !"persistent", !"settings", !"", !"0"}
!2 = !{!"settings", !"volatile-span", !"8", !"8"}
!3 = !{!"relaxed"}
!4 = !{!"transient"}
