; The address of a function or virtual table, wherever the program can store or compare it, is the
; constant address of its pin; a module says where each leads. Direct calls stay.
; RUN: %opt-perdure -passes=perdure-late -S %s | FileCheck %s
; RUN: %opt-perdure -passes=perdure-late -S %s | %opt-perdure -passes=perdure-late -S | FileCheck %s
target triple = "x86_64-unknown-linux-gnu"

; Initial values hold them too; tables of the linker and the C++ runtime do not.
; CHECK: @operations = global { i32, ptr } { i32 1, ptr inttoptr (i64 [[CALLBACK:36[0-9]+]] to ptr) }
; CHECK: @inside = global i64 [[CALLBACK]]
; CHECK: @vector = global <2 x ptr> <ptr inttoptr (i64 [[CALLBACK]] to ptr), ptr null>
; CHECK: @distance = global i64 sub (i64 ptrtoint (ptr @callback to i64), i64 ptrtoint (ptr @operations to i64))
; CHECK: @weak = global ptr @may_be_missing
; CHECK: @start = global ptr @callback, section ".init_array"
; CHECK: @_ZTV5shape = constant { [3 x ptr] } { [3 x ptr] [ptr null, ptr @_ZTI5shape, ptr @callback] }
; CHECK: @_ZTI5shape = constant { ptr } { ptr getelementptr (i8, ptr @_ZTVN10__cxxabiv117__class_type_infoE, i64 16) }
; CHECK: @_ZTT7derived = constant [1 x ptr] [ptr inttoptr (i64 [[#SHAPE:]] to ptr)]
@operations = global { i32, ptr } { i32 1, ptr @callback }
@inside = global i64 ptrtoint (ptr @callback to i64)
@vector = global <2 x ptr> <ptr @callback, ptr null>
@distance = global i64 sub (i64 ptrtoint (ptr @callback to i64), i64 ptrtoint (ptr @operations to i64))
@weak = global ptr @may_be_missing
@start = global ptr @callback, section ".init_array"
@_ZTVN10__cxxabiv117__class_type_infoE = external global ptr
@_ZTV5shape = constant { [3 x ptr] } { [3 x ptr] [ptr null, ptr @_ZTI5shape, ptr @callback] }
@_ZTI5shape = constant { ptr } { ptr getelementptr (i8, ptr @_ZTVN10__cxxabiv117__class_type_infoE, i64 16) }
@_ZTT7derived = constant [1 x ptr] [ptr getelementptr inbounds ({ [3 x ptr] }, ptr @_ZTV5shape, i32 0, i32 0, i32 2)]
@llvm.used = appending global [1 x ptr] [ptr @callback]

; A pin for each, once, in the order of use: key, address, target, size, signature, kind, flags.
; CHECK: c"void (ptr)\00"
; CHECK: c"a.c:local\00"
; CHECK: c"[]\00"
; CHECK: @perdure.table{{.*}} = private constant [6 x { ptr, ptr, ptr, i64, ptr, i32, i32 }] [
; CHECK-SAME: ptr inttoptr (i64 [[CALLBACK]] to ptr), ptr @callback, i64 32, ptr @perdure.text{{[.0-9]*}}, i32 1, i32 2 }
; CHECK-SAME: ptr @local, i64 32, ptr @perdure.text{{[.0-9]*}}, i32 1, i32 3 }
; CHECK-SAME: ptr @free, i64 32, ptr @perdure.text{{[.0-9]*}}, i32 1, i32 0 }
; CHECK-SAME: ptr @inline, i64 32, ptr @perdure.text{{[.0-9]*}}, i32 1, i32 0 }
; CHECK-SAME: ptr @old_style, i64 32, ptr null, i32 1, i32 0 }
; CHECK-SAME: ptr @_ZTV5shape, i64 24, ptr @perdure.text{{[.0-9]*}}, i32 2, i32 2 }
; CHECK: @llvm.used = appending global [2 x ptr] [ptr @callback, ptr @perdure.note]

; CHECK-LABEL: define void @callback(
define void @callback(ptr %item) { ret void }
define internal void @local() { ret void }
define linkonce_odr void @inline() { ret void }
declare void @free(ptr)
declare void @old_style(...)
declare extern_weak void @may_be_missing()

; CHECK-LABEL: define void @stores(
; CHECK: store ptr inttoptr (i64 [[CALLBACK]] to ptr), ptr %p
; CHECK: store ptr inttoptr (i64 [[LOCAL:[0-9]+]] to ptr), ptr %p
; CHECK: icmp eq ptr %q, inttoptr (i64 [[CALLBACK]] to ptr)
; CHECK: select i1 %c, ptr inttoptr (i64 [[#FREE:]] to ptr), ptr inttoptr (i64 [[#]] to ptr)
; CHECK: call void @apply(ptr inttoptr (i64 [[CALLBACK]] to ptr))
; CHECK: store ptr inttoptr (i64 [[#]] to ptr), ptr %p
define void @stores(ptr %p, ptr %q) {
  store ptr @callback, ptr %p
  store ptr @local, ptr %p
  %c = icmp eq ptr %q, @callback
  %f = select i1 %c, ptr @free, ptr @inline
  store ptr %f, ptr %p
  call void @apply(ptr @callback)
  store ptr @old_style, ptr %p
  ret void
}
declare void @apply(ptr)

; CHECK-LABEL: define void @constructs(
; CHECK: store ptr inttoptr (i64 [[#SHAPE]] to ptr), ptr %object
define void @constructs(ptr %object) {
  store ptr getelementptr inbounds ({ [3 x ptr] }, ptr @_ZTV5shape, i32 0, i32 0, i32 2), ptr %object
  ret void
}

; Left alone: callees, null tests, what the C++ runtime or an instruction
; needs, what resumes a coroutine.
; CHECK-LABEL: define void @left(
; CHECK: store ptr @task.resume, ptr %p
; CHECK: call void @callback(ptr %p)
; CHECK: call void @free(ptr %p)
; CHECK: icmp eq ptr @may_be_missing, null
; CHECK: call i32 @__cxa_atexit(ptr @callback, ptr %p, ptr null)
; CHECK: call void asm sideeffect "call ${0:P}", "i"(ptr @callback)
; CHECK: invoke void @callback(ptr %p)
define void @left(ptr %p) personality ptr @callback {
  store ptr @task.resume, ptr %p
  call void @callback(ptr %p)
  call void @free(ptr %p)
  %missing = icmp eq ptr @may_be_missing, null
  %ignored = call i32 @__cxa_atexit(ptr @callback, ptr %p, ptr null)
  call void asm sideeffect "call ${0:P}", "i"(ptr @callback)
  invoke void @callback(ptr %p) to label %end unwind label %caught
end:
  ret void
caught:
  %thrown = landingpad { ptr, i32 } cleanup
  ret void
}
declare i32 @__cxa_atexit(ptr, ptr, ptr)
define internal void @task.resume() { ret void }

; A resolver runs before anything is pinned.
; CHECK: @resolve()
; CHECK: ret ptr @callback
@chosen = ifunc void (ptr), ptr @resolve
define internal ptr @resolve() { ret ptr @callback }

; Not emitted here, so nothing may refer to what it needs.
; CHECK: @elsewhere()
; CHECK: ret ptr @hidden
define available_externally ptr @elsewhere() { ret ptr @hidden }
declare hidden void @hidden()

!perdure.unit = !{!0}
!0 = !{!"source", !"a.c"}
