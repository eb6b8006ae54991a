// SPDX-License-Identifier: Apache-2.0
// Loaded before everything else into a program whose clocks are turned (device_clock.h): what it
// reads of them is moved, and what it waits for is waited for by the moved clocks. Debian's
// libfaketime 0.9.10 does not do for us: it moves neither pthread_cond_clockwait, by which
// std::condition_variable waits, nor the futex calls by which gRPC's timers do, so that the one
// never ends and the others end at once, or in a day.
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>

#include "tests/support/clock_offsets.h"

namespace {

using preseal::test::ClockOffsets;

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kMilli = 1'000'000;
// Nobody wakes a waiting thread when the clocks are turned: it looks this often.
constexpr int64_t kSlice = 10 * kMilli;

const ClockOffsets* offsets = nullptr;

// Found at the first call, which may be before this library's own constructor.
#define REAL(function)                                                       \
  reinterpret_cast<decltype(&::function)>([] {                               \
    static std::atomic<void*> found = nullptr;                               \
    if (found.load() == nullptr) found.store(::dlsym(RTLD_NEXT, #function)); \
    return found.load();                                                     \
  }())

__attribute__((constructor)) void Open() {
  const char* file = std::getenv(preseal::test::kClockOffsetsVariable);
  const int fd = file == nullptr ? -1 : ::open(file, O_RDONLY | O_CLOEXEC);
  if (fd < 0) ::abort();  // with the true clocks every test of turned ones would pass
  void* mapped = ::mmap(nullptr, sizeof(ClockOffsets), PROT_READ, MAP_SHARED, fd, 0);
  ::close(fd);
  if (mapped == MAP_FAILED) ::abort();
  offsets = static_cast<const ClockOffsets*>(mapped);
}

int64_t OffsetOf(clockid_t clock) {
  if (offsets == nullptr) return 0;
  switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
      return offsets->passed + offsets->wall;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
      return offsets->passed;
    default:
      return 0;  // processor time
  }
}

int64_t ToNanos(const timespec& time) { return time.tv_sec * kSecond + time.tv_nsec; }
timespec FromNanos(int64_t nanos) { return {nanos / kSecond, nanos % kSecond}; }

int64_t Now(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return ToNanos(now);
}

// Where one slice of a wait until `deadline` ends, by the true clock.
timespec SliceEnd(clockid_t clock, int64_t deadline) {
  const int64_t slice = std::min(deadline, Now(clock) + kSlice);
  return FromNanos(std::max<int64_t>(slice - OffsetOf(clock), 0));
}

// Like pthread_cond_clockwait; a slice that ends early is one of the wake-ups for no reason that
// every caller must expect.
int WaitSlice(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock,
              const timespec& until) {
  const timespec slice = SliceEnd(clock, ToNanos(until));
  const int result = REAL(pthread_cond_clockwait)(condition, mutex, clock, &slice);
  return result == ETIMEDOUT && Now(clock) < ToNanos(until) ? 0 : result;
}

// Calls `wait` with short times in milliseconds until something is there or `timeout` is over.
template <typename Wait>
int WaitSliced(int timeout, const Wait& wait) {
  if (timeout == 0) return wait(0);
  const int64_t deadline = timeout < 0 ? INT64_MAX : Now(CLOCK_MONOTONIC) + timeout * kMilli;
  while (true) {
    const int64_t left = deadline - Now(CLOCK_MONOTONIC);
    if (left <= 0) return wait(0);
    const int result = wait(static_cast<int>((std::min(left, kSlice) + kMilli - 1) / kMilli));
    if (result != 0) return result;
  }
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const int result = REAL(clock_gettime)(clock, time);
  if (result == 0) *time = FromNanos(ToNanos(*time) + OffsetOf(clock));
  return result;
}

int gettimeofday(timeval* time, void* zone) noexcept {
  if (zone != nullptr) return -1;  // obsolete, and nobody here asks for it
  const int64_t now = Now(CLOCK_REALTIME);
  *time = {now / kSecond, now % kSecond / 1000};
  return 0;
}

time_t time(time_t* out) noexcept {
  const time_t now = Now(CLOCK_REALTIME) / kSecond;
  if (out != nullptr) *out = now;
  return now;
}

int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock,
                           const timespec* until) {
  return WaitSlice(condition, mutex, clock, *until);
}

// Only ever on conditions made without attributes, so by the wall clock.
int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                           const timespec* until) {
  return WaitSlice(condition, mutex, CLOCK_REALTIME, *until);
}

int poll(pollfd* fds, nfds_t count, int timeout) {
  return WaitSliced(timeout, [&](int slice) { return REAL(poll)(fds, count, slice); });
}

int epoll_wait(int epoll, epoll_event* events, int count, int timeout) {
  return WaitSliced(timeout,
                    [&](int slice) { return REAL(epoll_wait)(epoll, events, count, slice); });
}

// Abseil's waits until a point in time come this way.
long syscall(long number, ...) noexcept {
  va_list list;
  va_start(list, number);
  long a[6];
  for (long& argument : a) argument = va_arg(list, long);
  va_end(list);
  const auto* until = reinterpret_cast<const timespec*>(a[3]);
  if (number != SYS_futex || (a[1] & FUTEX_CMD_MASK) != FUTEX_WAIT_BITSET || until == nullptr) {
    return REAL(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  }
  const clockid_t clock = (a[1] & FUTEX_CLOCK_REALTIME) != 0 ? CLOCK_REALTIME : CLOCK_MONOTONIC;
  const timespec slice = SliceEnd(clock, ToNanos(*until));
  const long result =
      REAL(syscall)(number, a[0], a[1], a[2], reinterpret_cast<long>(&slice), a[4], a[5]);
  if (result == -1 && errno == ETIMEDOUT && Now(clock) < ToNanos(*until)) errno = EINTR;
  return result;
}

}  // extern "C"
