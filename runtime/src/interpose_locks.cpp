// SPDX-License-Identifier: Apache-2.0
//
// Locks of the program and of the libraries that take them on its behalf (std::condition_variable),
// as unit bounds; see unit_locks.h.
#include "next_symbol.h"
#include "runtime.h"
#include "unit_locks.h"
#include <pthread.h>
#include <threads.h>

using perdure::acquire;
using perdure::release;
using perdure::wait_released;

PERDURE_NEXT(pthread_mutex_lock);
PERDURE_NEXT(pthread_mutex_trylock);
PERDURE_NEXT(pthread_mutex_timedlock);
PERDURE_NEXT(pthread_mutex_clocklock);
PERDURE_NEXT(pthread_mutex_unlock);
PERDURE_NEXT(pthread_cond_wait);
PERDURE_NEXT(pthread_cond_timedwait);
PERDURE_NEXT(pthread_cond_clockwait);
PERDURE_NEXT(pthread_rwlock_rdlock);
PERDURE_NEXT(pthread_rwlock_wrlock);
PERDURE_NEXT(pthread_rwlock_tryrdlock);
PERDURE_NEXT(pthread_rwlock_trywrlock);
PERDURE_NEXT(pthread_rwlock_timedrdlock);
PERDURE_NEXT(pthread_rwlock_timedwrlock);
PERDURE_NEXT(pthread_rwlock_unlock);
PERDURE_NEXT(pthread_spin_lock);
PERDURE_NEXT(pthread_spin_trylock);
PERDURE_NEXT(pthread_spin_unlock);
PERDURE_NEXT(mtx_lock);
PERDURE_NEXT(mtx_trylock);
PERDURE_NEXT(mtx_timedlock);
PERDURE_NEXT(mtx_unlock);
PERDURE_NEXT(cnd_wait);
PERDURE_NEXT(cnd_timedwait);

extern "C" {

PERDURE_EXPORT int pthread_mutex_lock(pthread_mutex_t *lock) noexcept {
  return acquire(lock, [=] { return next_pthread_mutex_lock(lock); });
}
PERDURE_EXPORT int pthread_mutex_trylock(pthread_mutex_t *lock) noexcept {
  return acquire(lock, [=] { return next_pthread_mutex_trylock(lock); });
}
PERDURE_EXPORT int pthread_mutex_timedlock(pthread_mutex_t *lock, const timespec *until) noexcept {
  return acquire(lock, [=] { return next_pthread_mutex_timedlock(lock, until); });
}
PERDURE_EXPORT int pthread_mutex_clocklock(pthread_mutex_t *lock, clockid_t clock,
                                           const timespec *until) noexcept {
  return acquire(lock, [=] { return next_pthread_mutex_clocklock(lock, clock, until); });
}
PERDURE_EXPORT int pthread_mutex_unlock(pthread_mutex_t *lock) noexcept {
  return release(lock, [=] { return next_pthread_mutex_unlock(lock); });
}

PERDURE_EXPORT int pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *lock) {
  return wait_released(lock, [=] { return next_pthread_cond_wait(condition, lock); });
}
PERDURE_EXPORT int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *lock,
                                          const timespec *until) {
  return wait_released(lock, [=] { return next_pthread_cond_timedwait(condition, lock, until); });
}
PERDURE_EXPORT int pthread_cond_clockwait(pthread_cond_t *condition, pthread_mutex_t *lock,
                                          clockid_t clock, const timespec *until) {
  return wait_released(lock,
                       [=] { return next_pthread_cond_clockwait(condition, lock, clock, until); });
}

PERDURE_EXPORT int pthread_rwlock_rdlock(pthread_rwlock_t *lock) noexcept {
  return acquire(lock, [=] { return next_pthread_rwlock_rdlock(lock); });
}
PERDURE_EXPORT int pthread_rwlock_wrlock(pthread_rwlock_t *lock) noexcept {
  return acquire(lock, [=] { return next_pthread_rwlock_wrlock(lock); });
}
PERDURE_EXPORT int pthread_rwlock_tryrdlock(pthread_rwlock_t *lock) noexcept {
  return acquire(lock, [=] { return next_pthread_rwlock_tryrdlock(lock); });
}
PERDURE_EXPORT int pthread_rwlock_trywrlock(pthread_rwlock_t *lock) noexcept {
  return acquire(lock, [=] { return next_pthread_rwlock_trywrlock(lock); });
}
PERDURE_EXPORT int pthread_rwlock_timedrdlock(pthread_rwlock_t *lock,
                                              const timespec *until) noexcept {
  return acquire(lock, [=] { return next_pthread_rwlock_timedrdlock(lock, until); });
}
PERDURE_EXPORT int pthread_rwlock_timedwrlock(pthread_rwlock_t *lock,
                                              const timespec *until) noexcept {
  return acquire(lock, [=] { return next_pthread_rwlock_timedwrlock(lock, until); });
}
PERDURE_EXPORT int pthread_rwlock_unlock(pthread_rwlock_t *lock) noexcept {
  return release(lock, [=] { return next_pthread_rwlock_unlock(lock); });
}

PERDURE_EXPORT int pthread_spin_lock(pthread_spinlock_t *lock) noexcept {
  return acquire(const_cast<int *>(lock), [=] { return next_pthread_spin_lock(lock); });
}
PERDURE_EXPORT int pthread_spin_trylock(pthread_spinlock_t *lock) noexcept {
  return acquire(const_cast<int *>(lock), [=] { return next_pthread_spin_trylock(lock); });
}
PERDURE_EXPORT int pthread_spin_unlock(pthread_spinlock_t *lock) noexcept {
  return release(const_cast<int *>(lock), [=] { return next_pthread_spin_unlock(lock); });
}

PERDURE_EXPORT int mtx_lock(mtx_t *lock) {
  return acquire(lock, [=] { return next_mtx_lock(lock); });
}
PERDURE_EXPORT int mtx_trylock(mtx_t *lock) {
  return acquire(lock, [=] { return next_mtx_trylock(lock); });
}
PERDURE_EXPORT int mtx_timedlock(mtx_t *lock, const timespec *until) {
  return acquire(lock, [=] { return next_mtx_timedlock(lock, until); });
}
PERDURE_EXPORT int mtx_unlock(mtx_t *lock) {
  return release(lock, [=] { return next_mtx_unlock(lock); });
}
PERDURE_EXPORT int cnd_wait(cnd_t *condition, mtx_t *lock) {
  return wait_released(lock, [=] { return next_cnd_wait(condition, lock); });
}
PERDURE_EXPORT int cnd_timedwait(cnd_t *condition, mtx_t *lock, const timespec *until) {
  return wait_released(lock, [=] { return next_cnd_timedwait(condition, lock, until); });
}

// A lock field is known at the call, not by its address.
int perdure_unit_mutex_lock(void *mutex) {
  auto *lock = static_cast<pthread_mutex_t *>(mutex);
  return perdure::acquire_as_unit(lock, [=] { return next_pthread_mutex_lock(lock); });
}
int perdure_unit_mutex_trylock(void *mutex) {
  auto *lock = static_cast<pthread_mutex_t *>(mutex);
  return perdure::acquire_as_unit(lock, [=] { return next_pthread_mutex_trylock(lock); });
}

} // extern "C"
