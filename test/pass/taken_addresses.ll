; SPDX-License-Identifier: Apache-2.0
;
; Where the address of a library function that writes is taken, it becomes the address of a function
; of this unit that calls it and is hooked, in code and in tables alike; that one is pinned. Calls by name stay as they
; are, so do functions that write nothing. One with variable arguments is diagnosed.
; RUN: %opt-perdure -passes=perdure-late,verify -S %s 2>%t | FileCheck %s
; RUN: FileCheck --check-prefix=DIAGNOSED %s < %t
; RUN: sed 's/"strict", !"0"/"strict", !"1"/' %s | not %opt-perdure -passes=perdure-late -S -o /dev/null - 2>&1 | FileCheck --check-prefix=DIAGNOSED %s
target triple = "x86_64-unknown-linux-gnu"

%operations = type { ptr, ptr }
; CHECK: @table = constant %operations { ptr inttoptr (i64 [[STRCPY:[0-9]+]] to ptr), ptr inttoptr (i64 [[STRCMP:[0-9]+]] to ptr) }
; CHECK: @perdure.table = 
; CHECK-SAME: ptr inttoptr (i64 [[STRNCPY:[0-9]+]] to ptr), ptr @perdure.hooked.strncpy,
; CHECK-SAME: ptr inttoptr (i64 [[FETCH:[0-9]+]] to ptr), ptr @perdure.hooked.fetch,
; CHECK-SAME: ptr inttoptr (i64 [[SPRINTF:[0-9]+]] to ptr), ptr @sprintf,
; CHECK-SAME: ptr inttoptr (i64 [[STRCMP]] to ptr), ptr @strcmp,
; CHECK-SAME: ptr inttoptr (i64 [[STRCPY]] to ptr), ptr @perdure.hooked.strcpy,
@table = constant %operations { ptr @strcpy, ptr @strcmp }

declare ptr @strcpy(ptr, ptr)
declare i32 @strcmp(ptr, ptr)
declare ptr @strncpy(ptr, ptr, i64)
declare i32 @sprintf(ptr, ptr, ...)
declare void @fetch(ptr)
declare void @apply(ptr, ptr)

; DIAGNOSED: the address of 'sprintf' is taken
; DIAGNOSED-NOT: address of

; CHECK-LABEL: @taken(
; CHECK: call ptr @strncpy(ptr %p, ptr %q, i64 4)
; CHECK: call void @apply(ptr %p, ptr inttoptr (i64 [[STRNCPY]] to ptr))
; CHECK: call void @apply(ptr %p, ptr inttoptr (i64 [[FETCH]] to ptr))
; CHECK: call void @apply(ptr %p, ptr inttoptr (i64 [[SPRINTF]] to ptr))
; CHECK: call void @apply(ptr %p, ptr inttoptr (i64 [[STRCMP]] to ptr))
define void @taken(ptr %p, ptr %q) {
  %1 = call ptr @strncpy(ptr %p, ptr %q, i64 4)
  call void @apply(ptr %p, ptr @strncpy)
  call void @apply(ptr %p, ptr @fetch)
  call void @apply(ptr %p, ptr @sprintf)
  call void @apply(ptr %p, ptr @strcmp)
  ret void
}

; CHECK: define linkonce_odr hidden ptr @perdure.hooked.strcpy(ptr {{.*}}%0, ptr
; CHECK: call ptr @strcpy(
; CHECK: call void @perdure_record_string(ptr {{.*}}%0)
; CHECK: ret ptr
; CHECK: define linkonce_odr hidden ptr @perdure.hooked.strncpy(
; CHECK: call void @perdure_record(ptr {{.*}}%0, i64 %
; CHECK: define linkonce_odr hidden void @perdure.hooked.fetch(
; CHECK: call void @perdure_record_string(
; CHECK-NOT: @perdure.hooked

!perdure.unit = !{!0}
!perdure.function = !{!1}
!0 = !{!"strict", !"0"}
!1 = !{!"fetch", !"writes", !"0:string"}
