import Glibc

/// A value behind a POSIX mutex, which the thread sanitizer knows; it reports every use of the standard library's `Mutex` on
/// Linux as a race.
// @unchecked: `value` is touched only between pthread_mutex_lock and unlock of `mutex`, and leaves only as what is Sendable.
public final class Locked<Value: Sendable>: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private var value: Value

    /// Keeps a value.
    public init(_ value: Value) {
        self.value = value
        pthread_mutex_init(mutex, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// Runs `body` while no other thread has the value. It must be quick and must not come back here.
    public func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body(&value)
    }
}
