import Glibc

/// Values handed from any thread to one that waits for them. For dedicated threads only: ``pop()`` blocks.
///
/// The producer bounds it: whoever pushes without having been asked to must be bounded elsewhere.
// @unchecked: `values` is touched only between pthread_mutex_lock and unlock of `mutex`; the rest is immutable.
public final class BlockingQueue<Value: Sendable>: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var values: [Value] = []

    /// Makes an empty queue.
    public init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        pthread_cond_destroy(condition)
        mutex.deallocate()
        condition.deallocate()
    }

    /// Adds a value and wakes whoever waits.
    public func push(_ value: Value) {
        pthread_mutex_lock(mutex)
        values.append(value)
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    /// Waits for a value.
    public func pop() -> Value {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while values.isEmpty { pthread_cond_wait(condition, mutex) }
        return values.removeFirst()
    }

    /// A value if there is one.
    public func tryPop() -> Value? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return values.isEmpty ? nil : values.removeFirst()
    }
}
