// SPDX-License-Identifier: Apache-2.0
//
// The table of writers. One row names all functions that share a model, separated by blanks; a
// fortified variant (__x_chk) is a row of its own where its arguments differ.
#include "libc_models.h"

#include <llvm/ADT/STLExtras.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/ADT/StringExtras.h>
#include <llvm/ADT/StringMap.h>

using namespace llvm;

namespace perdure {

namespace {

struct ModelRow {
  StringLiteral functions;
  StringLiteral model;
};

constexpr ModelRow kModels[] = {
    // Memory and strings
    {"memcpy memmove mempcpy __mempcpy memset strncpy stpncpy __memcpy_chk __memmove_chk "
     "__mempcpy_chk __memset_chk __strncpy_chk __stpncpy_chk",
     "0:a2"},
    {"bcopy swab", "1:a2"},
    {"memset_pattern4 memset_pattern8 memset_pattern16", "0:a2"},
    {"bzero explicit_bzero __explicit_bzero_chk memfrob", "0:a1"},
    {"memccpy __memccpy_chk", "0:a3"},
    {"strcpy strcat strncat stpcpy __stpcpy __strcpy_chk __strcat_chk __strncat_chk __stpcpy_chk "
     "strfry",
     "0:string"},
    {"strlcpy strlcat strxfrm", "0:ret+1<a2"},
    {"wmemcpy wmemmove wmempcpy wmemset wcsncpy wcpncpy __wmemcpy_chk __wmemset_chk", "0:a2*4"},
    {"wcscpy wcscat wcsncat wcpcpy __wcscpy_chk", "0:wstring"},
    {"strtok", "ret:string"},
    {"strtok_r __strtok_r", "ret:string,2:8"},
    {"strsep", "ret:string,0:8"},
    {"strerror_r __xpg_strerror_r ttyname_r", "1:a2"},
    {"gethostname getlogin_r getdomainname getentropy", "0:a1"},
    // Formatting and scanning
    {"sprintf vsprintf __sprintf_chk __vsprintf_chk", "0:ret+1"},
    {"snprintf vsnprintf __snprintf_chk __vsnprintf_chk", "0:ret+1<a1"},
    {"swprintf vswprintf __swprintf_chk __vswprintf_chk", "0:a1*4"},
    {"sscanf __isoc99_sscanf __isoc23_sscanf fscanf __isoc99_fscanf __isoc23_fscanf swscanf "
     "fwscanf __isoc99_swscanf __isoc99_fwscanf",
     "2...:object"},
    {"scanf __isoc99_scanf __isoc23_scanf", "1...:object"},
    {"strtol strtoll strtoul strtoull strtoimax strtoumax strtod strtof __strtol_internal "
     "__isoc23_strtol __isoc23_strtoll __isoc23_strtoul __isoc23_strtoull wcstol wcstoul wcstoll "
     "wcstoull wcstod strtold wcstold wcstof strtoq strtouq",
     "1:8"},
    {"strftime strftime_l", "0:ret+1<a1"},
    {"strptime", "2:56"},
    // Streams and descriptors
    {"read pread pread64 readlink __read_chk __pread_chk __pread64_chk", "1:ret"},
    {"recv __recv_chk", "1:ret<a2"},
    {"readlinkat", "2:ret"},
    {"recvfrom __recvfrom_chk", "1:ret<a2,4:object,5:4"},
    {"readv preadv preadv64 preadv2 preadv64v2", "1:iovec"},
    {"recvmsg", "1:message"},
    {"recvmmsg", "1:messages"},
    {"fread fread_unlocked", "0:a1*a2"},
    {"__fread_chk __fread_unlocked_chk", "0:a2*a3"},
    {"fgets fgets_unlocked", "0:a1"},
    {"__fgets_chk __fgets_unlocked_chk", "0:a2"},
    {"fgetws", "0:a1*4"},
    {"gets", "ret:string"},
    {"getline getdelim __getdelim perdure_getline perdure_getdelim", "0:8,1:8,[0]:ret+1"},
    {"asprintf vasprintf __asprintf_chk __vasprintf_chk", "0:8"},
    {"perdure_asprintf perdure_vasprintf", "0:8,[0]:ret+1"},
    {"posix_memalign perdure_posix_memalign", "0:8"},
    {"perdure_strdup perdure_strndup", "ret:string"},
    {"pipe pipe2", "0:8"},
    {"socketpair", "3:8"},
    {"accept accept4 getsockname getpeername", "1:object,2:4"},
    {"getsockopt", "3:object,4:4"},
    {"epoll_wait epoll_pwait epoll_pwait2", "1:ret*12"},
    {"poll ppoll __poll_chk __ppoll_chk", "0:a1*8"},
    {"select pselect", "1:128,2:128,3:128,4:16"},
    {"stat stat64 fstat fstat64 lstat lstat64", "1:144"},
    {"fstatat fstatat64 __xstat __fxstat __lxstat __xstat64 __fxstat64 __lxstat64", "2:144"},
    {"statx", "4:256"},
    {"statfs fstatfs statfs64 fstatfs64", "1:120"},
    {"statvfs fstatvfs statvfs64 fstatvfs64", "1:112"},
    {"realpath __realpath_chk canonicalize_file_name getcwd __getcwd_chk tmpnam tmpnam_r",
     "ret:string"},
    {"mkstemp mkstemp64 mkostemp mkostemp64 mkstemps mktemp mkdtemp", "0:string"},
    {"getrandom", "0:ret"},
    {"uname", "0:390"},
    {"sysinfo", "0:112"},
    {"getrlimit getrlimit64", "1:16"},
    {"prlimit prlimit64", "3:16"},
    {"getrusage", "1:144"},
    {"fgetpos fgetpos64", "1:16"},
    // Time
    {"time", "0:8"},
    {"gettimeofday", "0:16,1:8"},
    {"clock_gettime clock_getres nanosleep getitimer", "1:16"},
    {"clock_nanosleep", "3:16"},
    {"timespec_get", "0:16"},
    {"times", "0:32"},
    {"localtime_r gmtime_r", "1:56"},
    {"mktime timegm timelocal", "0:56"},
    {"asctime_r ctime_r", "ret:string"},
    {"timer_create", "2:8"},
    {"timer_gettime timerfd_gettime", "1:32"},
    {"timer_settime timerfd_settime", "3:32"},
    {"setitimer", "2:32"},
    // Threads and signals
    {"pthread_mutex_init", "0:40"},
    {"pthread_cond_init", "0:48"},
    {"pthread_rwlock_init pthread_attr_init pthread_getattr_np", "0:56"},
    {"pthread_attr_setdetachstate pthread_attr_setstacksize pthread_attr_setschedpolicy", "0:56"},
    {"pthread_attr_getstacksize pthread_attr_getguardsize pthread_join", "1:8"},
    {"pthread_attr_getstack", "1:8,2:8"},
    {"pthread_spin_init pthread_key_create pthread_mutexattr_init pthread_mutexattr_settype "
     "pthread_mutexattr_setpshared pthread_mutexattr_setrobust pthread_condattr_init "
     "pthread_condattr_setclock pthread_once",
     "0:4"},
    {"pthread_rwlockattr_init", "0:8"},
    {"pthread_barrier_init sem_init", "0:32"},
    {"pthread_create", "0:8"},
    {"pthread_getname_np", "1:string"},
    {"pthread_getaffinity_np sched_getaffinity", "2:a1"},
    {"sem_getvalue sigwait", "1:4"},
    {"sigaction", "2:152"},
    {"sigprocmask pthread_sigmask", "2:128"},
    {"sigemptyset sigfillset sigaddset sigdelset sigpending", "0:128"},
    {"sigaltstack", "1:24"},
    // Sorting, numbers, random
    {"qsort qsort_r", "0:a1*a2"},
    {"rand_r", "0:4"},
    {"erand48 nrand48 jrand48", "0:6"},
    {"frexp frexpf frexpl lgamma_r lgammaf_r modff", "1:4"},
    {"modf", "1:8"},
    {"modfl", "1:16"},
    {"remquo remquof remquol", "2:4"},
    {"sincos", "1:8,2:8"},
    {"sincosf", "1:4,2:4"},
    {"sincosl", "1:16,2:16"},
    // Wide characters and conversion
    {"mbstowcs __mbstowcs_chk", "0:a2*4"},
    {"wcstombs __wcstombs_chk", "0:a2"},
    {"mbtowc", "0:4"},
    {"wctomb", "0:ret"},
    {"mbrtowc", "0:4,3:8"},
    {"wcrtomb", "0:ret,2:8"},
    {"mbsrtowcs", "0:a2*4,1:8,3:8"},
    {"wcsrtombs", "0:a2,1:8,3:8"},
    // The pointer iconv leaves may be one past its buffer: both sides of it are covered.
    {"iconv", "1:8,2:8,3:8,4:8,[3]:object,[3]-1:object"},
    // Network and users
    {"inet_ntop __inet_ntop_chk", "ret:string"},
    {"inet_pton __inet_pton_chk", "2:object"},
    {"inet_aton", "1:4"},
    {"getaddrinfo", "3:8"},
    {"getnameinfo", "2:a3,4:a5"},
    {"if_indextoname", "ret:string"},
    {"getpwnam_r getpwuid_r getgrnam_r getgrgid_r", "1:object,2:a3,4:8"},
    {"glob glob64", "3:72"},
    {"dladdr", "1:32"},
    {"regcomp", "0:64"},
    {"regexec", "3:a2*8"},
    {"regerror", "2:a3"},
    {"getopt_long getopt_long_only", "4:4,1:object"},
    // C++ runtime: written although the method is const, and the guard of a static.
    {"_ZNKSt8__detail20_Prime_rehash_policy14_M_need_rehashEmmm "
     "_ZNKSt8__detail20_Prime_rehash_policy11_M_next_bktEm",
     "0:16"},
    {"__cxa_guard_release", "0:8"},
    // Nothing that has to survive: readers, and locks, which every run initialises anew.
    {"printf vprintf fprintf vfprintf dprintf vdprintf __printf_chk __fprintf_chk __vprintf_chk "
     "__vfprintf_chk __dprintf_chk puts fputs fputs_unlocked putc fputc putchar fwrite "
     "fwrite_unlocked perror syslog vsyslog __syslog_chk openlog closelog",
     "none"},
    {"write pwrite pwrite64 writev pwritev pwritev2 send sendto sendmsg sendmmsg sendfile", "none"},
    {"free cfree malloc_usable_size close fclose fopen fopen64 fdopen freopen open "
     "open64 openat openat64 creat __open_2 __open64_2 fflush fseek fseeko fseeko64 ftell ftello "
     "ftello64 rewind feof ferror "
     "clearerr fileno fgetc getc ungetc setvbuf setbuf setlinebuf flockfile funlockfile popen "
     "pclose opendir readdir readdir64 closedir",
     "none"},
    {"unlink unlinkat rename renameat mkdir rmdir access faccessat chdir chmod fchmod chown fchown "
     "link symlink truncate truncate64 ftruncate ftruncate64 utimes utimensat remove mmap mmap64 "
     "munmap madvise msync "
     "mlock munlock mprotect",
     "none"},
    {"_ZdlPv _ZdaPv _ZdlPvm _ZdaPvm _ZdlPvSt11align_val_t _ZdaPvSt11align_val_t "
     "_ZdlPvmSt11align_val_t _ZdaPvmSt11align_val_t _ZdlPvRKSt9nothrow_t _ZdaPvRKSt9nothrow_t",
     "none"},
    {"malloc calloc realloc reallocarray aligned_alloc memalign valloc strdup strndup __strdup "
     "__strndup wcsdup",
     "none"},
    {"strlen strnlen strcmp strncmp strcasecmp strncasecmp strcoll strchr strrchr strchrnul strstr "
     "strcasestr strpbrk strspn strcspn memcmp bcmp memchr memrchr rawmemchr memmem index rindex "
     "strerror atoi atol atoll atof strverscmp wcslen wcscmp wcsncmp wcschr wmemcmp basename "
     "dirname bsearch lfind fnmatch",
     "none"},
    {"getenv secure_getenv setenv unsetenv putenv clearenv getopt system execv execve execvp execl "
     "execlp execle posix_spawn exit _exit _Exit abort atexit __cxa_atexit __assert_fail "
     "__assert_perror_fail raise kill signal psignal",
     "none"},
    {"pthread_mutex_lock pthread_mutex_trylock pthread_mutex_timedlock pthread_mutex_unlock "
     "pthread_mutex_destroy pthread_mutexattr_destroy pthread_cond_wait pthread_cond_timedwait "
     "pthread_cond_clockwait pthread_cond_signal pthread_cond_broadcast pthread_cond_destroy "
     "pthread_condattr_destroy pthread_rwlock_rdlock pthread_rwlock_wrlock "
     "pthread_rwlock_tryrdlock pthread_rwlock_trywrlock pthread_rwlock_unlock "
     "pthread_rwlock_destroy pthread_spin_lock pthread_spin_trylock pthread_spin_unlock "
     "pthread_spin_destroy pthread_barrier_wait pthread_barrier_destroy pthread_attr_destroy "
     "pthread_setspecific pthread_setname_np pthread_setaffinity_np pthread_cleanup_push "
     "pthread_atfork sem_wait sem_trywait sem_timedwait sem_post sem_destroy mtx_lock mtx_unlock "
     "mtx_trylock cnd_wait cnd_signal cnd_broadcast",
     "none"},
    {"socket bind connect listen setsockopt shutdown freeaddrinfo gai_strerror inet_addr inet_ntoa "
     "gethostbyname getservbyname if_nametoindex epoll_ctl epoll_create epoll_create1 eventfd "
     "eventfd_read getpwnam getpwuid getgrnam getgrgid initgroups regfree iconv_open iconv_close",
     "none"},
    {"ctime asctime localtime gmtime difftime settimeofday clock_settime utime setlocale "
     "localeconv nl_langinfo dlopen dlsym dlclose gettext dcgettext bindtextdomain textdomain",
     "none"},
    {"_setjmp setjmp __sigsetjmp longjmp _longjmp siglongjmp __longjmp_chk", "none"},
    {"__cxa_begin_catch __cxa_end_catch __cxa_throw __cxa_rethrow __cxa_free_exception "
     "__cxa_guard_acquire __cxa_guard_abort __cxa_get_exception_ptr __cxa_call_unexpected "
     "__cxa_bad_cast __cxa_bad_typeid __dynamic_cast _Unwind_Resume __gxx_personality_v0 "
     "__cxa_thread_atexit __stack_chk_fail __tls_get_addr",
     "none"},
    {"_ZSt18_Rb_tree_incrementPSt18_Rb_tree_node_base "
     "_ZSt18_Rb_tree_incrementPKSt18_Rb_tree_node_base "
     "_ZSt18_Rb_tree_decrementPSt18_Rb_tree_node_base "
     "_ZSt18_Rb_tree_decrementPKSt18_Rb_tree_node_base "
     "_ZSt11_Hash_bytesPKvmm _ZSt15_Fnv_hash_bytesPKvmm _ZNSt8ios_base4InitC1Ev "
     "_ZNSt8ios_base4InitD1Ev",
     "none"},
};

struct ReplacementRow {
  StringLiteral function;
  StringLiteral replacement;
};

constexpr ReplacementRow kReplacements[] = {
    {"_ZSt29_Rb_tree_insert_and_rebalancebPSt18_Rb_tree_node_baseS0_RS_",
     "perdure_rb_tree_insert_and_rebalance"},
    {"_ZSt28_Rb_tree_rebalance_for_erasePSt18_Rb_tree_node_baseRS_",
     "perdure_rb_tree_rebalance_for_erase"},
    {"_ZNSt8__detail15_List_node_base7_M_hookEPS0_", "perdure_list_hook"},
    {"_ZNSt8__detail15_List_node_base9_M_unhookEv", "perdure_list_unhook"},
    {"_ZNSt8__detail15_List_node_base11_M_transferEPS0_S1_", "perdure_list_transfer"},
    {"_ZNSt8__detail15_List_node_base10_M_reverseEv", "perdure_list_reverse"},
    {"_ZNSt8__detail15_List_node_base4swapERS0_S1_", "perdure_list_swap"},
};

constexpr StringLiteral kAllocateChar = "_ZNSt15__new_allocatorIcE8allocateEmPKv";
constexpr StringLiteral kAllocateWide = "_ZNSt15__new_allocatorIwE8allocateEmPKv";
constexpr StringInput kStringInputs[] = {
    {"_ZSt7getlineIcSt11char_traitsIcESaIcEERSt13basic_istreamIT_T0_ES7_RNSt7__cxx1112basic_"
     "stringIS4_S5_T1_EES4_",
     "perdure_string_getline", kAllocateChar},
    {"_ZStrsIcSt11char_traitsIcESaIcEERSt13basic_istreamIT_T0_ES7_RNSt7__cxx1112basic_stringIS4_"
     "S5_T1_EE",
     "perdure_string_getword", kAllocateChar},
    {"_ZSt7getlineIwSt11char_traitsIwESaIwEERSt13basic_istreamIT_T0_ES7_RNSt7__cxx1112basic_"
     "stringIS4_S5_T1_EES4_",
     "perdure_wstring_getline", kAllocateWide},
    {"_ZStrsIwSt11char_traitsIwESaIwEERSt13basic_istreamIT_T0_ES7_RNSt7__cxx1112basic_stringIS4_"
     "S5_T1_EE",
     "perdure_wstring_getword", kAllocateWide},
};

// Classes of libstdc++ whose members, compiled into its shared object, write their own object and
// what they are passed, and nothing that could be reached only through those. Streams, locales and
// exceptions are not what a pool holds, so nobody need be warned; the call is hooked all the same.
constexpr StringLiteral kShallowWriters[] = {
    // Streams: ios_base, basic_ios, (i|o|io)stream, string and file streams and their buffers.
    "_ZNSt8ios_base", "_ZNKSt8ios_base", "_ZNSt9basic_ios", "_ZNKSt9basic_ios", "_ZNSo", "_ZNSi",
    "_ZNSd", "_ZNKSo", "_ZNKSi", "_ZNSt13basic_ostream", "_ZNSt13basic_istream",
    "_ZNSt14basic_iostream", "_ZNSt14basic_ofstream", "_ZNSt14basic_ifstream",
    "_ZNSt13basic_fstream", "_ZNKSt14basic_ofstream", "_ZNKSt14basic_ifstream",
    "_ZNKSt13basic_fstream", "_ZNSt13basic_filebuf", "_ZNKSt13basic_filebuf",
    "_ZNSt15basic_streambuf", "_ZNSt7__cxx1118basic_stringstream",
    "_ZNSt7__cxx1119basic_ostringstream", "_ZNSt7__cxx1119basic_istringstream",
    "_ZNSt7__cxx1115basic_stringbuf", "_ZNSt12__basic_file", "_ZSt16__ostream_insert", "_ZStlsI",
    "_ZStrsI", "_ZSt7getlineI", "_ZSt4endl", "_ZSt5flush", "_ZSt4ends", "_ZSt2wsI",
    // Locales and facets.
    "_ZNSt6locale", "_ZNKSt6locale", "_ZSt9use_facet", "_ZSt9has_facet", "_ZNKSt5ctype",
    "_ZNSt5ctype",
    // Exceptions.
    "_ZNSt9exception", "_ZNKSt9exception", "_ZNSt11logic_error", "_ZNSt13runtime_error",
    "_ZNSt12domain_error", "_ZNSt12length_error", "_ZNSt12out_of_range", "_ZNSt16invalid_argument",
    "_ZNSt11range_error", "_ZNSt14overflow_error", "_ZNSt15underflow_error", "_ZNSt9bad_alloc",
    "_ZNSt8bad_cast", "_ZNSt12system_error", "_ZNSt15__exception_ptr", "_ZNKSt15__exception_ptr",
    // Threads.
    "_ZNSt6thread", "_ZNSt18condition_variable"};

StringMap<StringRef> modelsByName() {
  StringMap<StringRef> models;
  for (const ModelRow &row : kModels) {
    SmallVector<StringRef, 16> names;
    SplitString(row.functions, names);
    for (StringRef name : names)
      models[name] = row.model;
  }
  return models;
}

} // namespace

StringRef modelOf(StringRef function) {
  static const StringMap<StringRef> models = modelsByName();
  if (function.starts_with("_ZSt") && function.contains("__throw_"))
    return "none";
  return models.lookup(function);
}

bool writesItsArgumentsOnly(StringRef function) {
  return any_of(kShallowWriters, [&](StringRef prefix) { return function.starts_with(prefix); });
}

ArrayRef<StringInput> stringInputs() { return kStringInputs; }

StringRef replacementOf(StringRef function) {
  for (const ReplacementRow &row : kReplacements)
    if (row.function == function)
      return row.replacement;
  return "";
}

std::optional<unsigned> formatArgumentOf(StringRef name) {
  struct Row {
    StringLiteral name;
    unsigned index;
  };
  static constexpr Row kRows[] = {{"printf", 0},        {"fprintf", 1},       {"dprintf", 1},
                                  {"sprintf", 1},       {"snprintf", 2},      {"asprintf", 1},
                                  {"__printf_chk", 1},  {"__fprintf_chk", 2}, {"__dprintf_chk", 2},
                                  {"__sprintf_chk", 3}, {"__snprintf_chk", 4}};
  for (const Row &row : kRows)
    if (row.name == name)
      return row.index;
  return std::nullopt;
}

bool hasCountConversion(StringRef format) {
  while (true) {
    format = format.drop_front(std::min(format.find('%'), format.size()));
    if (format.size() < 2)
      return false;
    size_t end = format.find_first_not_of("0123456789.*+-# hlqjzt'$", 1);
    if (end == StringRef::npos)
      return false;
    if (format[end] == 'n')
      return true;
    format = format.drop_front(end + 1);
  }
}

} // namespace perdure
