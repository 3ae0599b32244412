import Glibc

/// Wakes one thread that waits for something to do. A ring while it is busy is kept, so none is missed.
// @unchecked: `hasRung` is touched only between pthread_mutex_lock and unlock of `mutex`; the rest is immutable.
public final class Doorbell: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var hasRung = false

    /// Makes a silent one.
    public init() {
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        pthread_cond_destroy(condition)
        mutex.deallocate()
        condition.deallocate()
    }

    /// Wakes the thread that waits, or lets its next wait end at once.
    public func ring() {
        pthread_mutex_lock(mutex)
        hasRung = true
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    /// Waits for a ring, but not longer than `nanoseconds` from now. Blocks: for a dedicated thread.
    public func wait(nanoseconds: UInt64) {
        let end = monotonicNanoseconds() &+ min(nanoseconds, 3_600_000_000_000)
        var deadline = timespec(tv_sec: Int(end / 1_000_000_000), tv_nsec: Int(end % 1_000_000_000))
        pthread_mutex_lock(mutex)
        while !hasRung, pthread_cond_timedwait(condition, mutex, &deadline) != ETIMEDOUT {}
        hasRung = false
        pthread_mutex_unlock(mutex)
    }
}
