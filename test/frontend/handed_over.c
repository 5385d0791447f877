// Intent: unrecorded input and hand-overs, by attribute and by port file; what names nothing is told.
//
// RUN: split-file %s %t && cd %t
// RUN: perdure-clang -O2 -S -emit-llvm attributes.c -o - | FileCheck %s --check-prefix=IR
// RUN: perdure-clang --perdure-port=port.yaml -O2 -S -emit-llvm plain.c -o - | FileCheck %s --check-prefix=IR
// IR-LABEL: @receive
// IR: call {{.*}}@recv
// IR-NOT: perdure_record(
// IR: call void @perdure_record_input(ptr %1, i64
// IR-LABEL: @other
// IR: call {{.*}}@recv
// IR-NOT: perdure_record_input
// IR: call void @perdure_record(ptr %1, i64
// IR-LABEL: @parse
// IR: call void @keep(i32 noundef 1, ptr noundef %0)
// IR-NEXT: call void @perdure_record_object(ptr %0)
// IR-LABEL: @passes_on
// IR-NOT: perdure_record_object
// IR: {{^}}declare
// RUN: perdure-clang --perdure-port=wrong.yaml -c plain.c -o plain.o 2>&1 | FileCheck %s --check-prefix=WRONG
// WRONG: plain.c:5:{{.*}}warning: perdure: 'parse' hands nothing over to 'nobody': it does not call it by that name
// RUN: not perdure-clang --perdure-port=list.yaml -c plain.c -o plain.o 2>&1 | FileCheck %s --check-prefix=LIST
// LIST: list.yaml:1:{{.*}}error: {{.*}}a mapping of functions to the function they call
// RUN: not perdure-clang -c number.c -o number.o 2>&1 | FileCheck %s --check-prefix=NUMBER
// NUMBER: number.c:2:{{.*}}error: 'perdure_hands_over_to' attribute requires a string

#--- attributes.c
#include <perdure/annotations.h>
#include <sys/socket.h>
void keep(int type, char *bytes);
PERDURE_UNRECORDED_INPUT long receive(int socket, char *to, unsigned long size) {
  return recv(socket, to, size, 0);
}
long other(int socket, char *to, unsigned long size) { return recv(socket, to, size, 0); }
PERDURE_HANDS_OVER_TO("keep") void parse(char *bytes) { keep(1, bytes); }
void passes_on(char *bytes) { keep(1, bytes); }
#--- plain.c
#include <sys/socket.h>
void keep(int type, char *bytes);
long receive(int socket, char *to, unsigned long size) { return recv(socket, to, size, 0); }
long other(int socket, char *to, unsigned long size) { return recv(socket, to, size, 0); }
void parse(char *bytes) { keep(1, bytes); }
void passes_on(char *bytes) { keep(1, bytes); }
#--- port.yaml
unrecorded_input: [plain.c:receive]
handed_over: {plain.c:parse: keep}
#--- wrong.yaml
handed_over: {parse: nobody}
#--- list.yaml
handed_over: [parse]
#--- number.c
#include <perdure/annotations.h>
PERDURE_HANDS_OVER_TO(1) void f(char *p);
